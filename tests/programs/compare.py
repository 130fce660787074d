#!/usr/bin/env python3
"""What was sent, what is in the archive, what members got: are they the same? Read with Python's
own mailbox and email, which know nothing of Parvis.

    compare.py SENT EXPORT DATA COPIES

SENT is a folder of expectations, one JSON file for each post (see clients.sh), EXPORT what
`parvis export` wrote, DATA the data folder, COPIES what peer.py took.
"""

import csv
import email
import email.policy
import hashlib
import json
import mailbox
import pathlib
import re
import sys

try:
    import tomllib
except ImportError:  # before Python 3.11
    tomllib = None

SENT, EXPORT, DATA, COPIES = (pathlib.Path(argument) for argument in sys.argv[1:5])
faults = []


def check(good, words):
    if not good:
        faults.append(words)


def lines(text):
    """Text as its lines, without what a mail program may add at their ends."""
    return [line.rstrip() for line in text.strip().splitlines()]


def read(raw):
    return email.message_from_bytes(raw, policy=email.policy.default)


def unquote(raw):
    """mboxrd: the `>` that was added before `From ` is taken away; Python's mailbox leaves it."""
    return re.sub(rb"(?m)^>(>*From )", rb"\1", raw)


def text_of(message):
    part = message.get_body(("plain",))
    return part.get_content() if part else ""


def attachments_of(message):
    found = {}
    for part in message.walk():
        if not part.is_multipart() and part.get_filename():
            payload = part.get_payload(decode=True)
            if part.get_content_maintype() == "text":
                payload = payload.replace(b"\r\n", b"\n")  # lines of text end as mail wants (RFC 2046, 4.1.1)
            found[part.get_filename()] = hashlib.sha256(payload).hexdigest()
    return found


def messages_in(path):
    box = mailbox.mbox(path, create=False)
    return [unquote(box.get_bytes(key)) for key in box.keys()]


def is_same(by, message, wanted, place):
    check(message["Subject"] == wanted["subject"], f"{by} in {place}: subject {message['Subject']!r}")
    check(message["From"].addresses[0].addr_spec == wanted["from"], f"{by} in {place}: from {message['From']}")
    found, expected = lines(text_of(message)), lines(wanted["text"])
    check(found[: len(expected)] == expected, f"{by} in {place}: text {found} instead of {expected}")
    check(attachments_of(message) == wanted["attachments"], f"{by} in {place}: attachments {attachments_of(message)}")
    broken = [defect for part in message.walk() for defect in part.defects]
    check(not broken, f"{by} in {place}: Python finds {broken}")


def main():
    wanted = {path.stem: json.loads(path.read_text()) for path in sorted(SENT.glob("*.json"))}
    by_subject = {expectation["subject"]: by for by, expectation in wanted.items()}

    exported = messages_in(EXPORT / "archive.mbox")
    check(len(exported) == len(wanted), f"{len(exported)} messages in archive.mbox, {len(wanted)} were sent")
    ids = {}
    for raw in exported:
        message = read(raw)
        by = by_subject.get(message["Subject"])
        check(by, f"archive.mbox: nobody sent {message['Subject']!r}")
        if by:
            is_same(by, message, wanted[by], "archive.mbox")
            ids[message["Message-ID"]] = by
            sent = SENT / f"{by}.eml"
            if sent.exists():
                same = raw.replace(b"\r\n", b"\n").rstrip().endswith(sent.read_bytes().rstrip())
                check(same, f"{by} in archive.mbox: not the bytes that were sent")
    check(sorted(ids.values()) == sorted(wanted), f"archive.mbox: {sorted(ids.values())}")

    kept = [raw for path in sorted(DATA.glob("mail/*/*.mbox")) for raw in messages_in(path)]
    kept_ids = {read(raw)["Message-ID"] for raw in kept}
    check(set(ids) <= kept_ids, f"mail/ lacks {set(ids) - kept_ids}")

    members = list(csv.DictReader((EXPORT / "members.csv").open(newline="")))
    addresses = sorted(member["email"] for member in members)
    settings = (EXPORT / "list.toml").read_text()
    check(tomllib.loads(settings) if tomllib else settings, "list.toml is empty")
    manifest = (EXPORT / "manifest.json").read_text()
    check(json.loads(manifest), "manifest.json is empty")
    for path in ("archive.mbox", "members.csv", "list.toml"):
        digest = hashlib.sha256((EXPORT / path).read_bytes()).hexdigest()
        check(digest in manifest, f"manifest.json does not have the SHA-256 of {path}")

    got = {}
    for path in sorted(COPIES.glob("*.eml")):
        raw = path.read_bytes()
        message, envelope = read(raw), json.loads(path.with_suffix(".json").read_text())
        by = ids.get(message["Message-ID"])
        if by is None:
            continue  # a letter
        for recipient in envelope["recipients"]:
            got.setdefault(by, []).append(recipient)
        place = f"the copy for {', '.join(envelope['recipients'])}"
        is_same(by, message, wanted[by], place)
        for name in ("List-Id", "List-Post", "List-Unsubscribe", "List-Unsubscribe-Post"):
            check(message[name], f"{by} in {place}: no {name}")
        check("-bounces+" in envelope["sender"], f"{by} in {place}: bounces go to {envelope['sender']!r}")
        check(not re.search(rb"(?<!\r)\n|\r(?!\n)", raw), f"{by} in {place}: a bare CR or LF")
    for by in wanted:
        check(sorted(got.get(by, [])) == addresses, f"{by}: copies went to {got.get(by)}, members are {addresses}")

    for fault in faults:
        print(f"compare.py: {fault}")
    print(f"{len(wanted)} posts, {len(addresses)} members, {sum(map(len, got.values()))} copies compared")
    sys.exit(1 if faults else 0)


main()

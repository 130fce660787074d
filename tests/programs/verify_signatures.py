"""Verifies what `cargo run --example compose_and_sign KEYS OUT MBOX...` made, with dkimpy, and that
signed content is byte for byte what it was: verify_signatures.py OUT [STEP]."""

import glob
import multiprocessing
import os
import re
import sys

import dkim


out = sys.argv[1]
step = int(sys.argv[2]) if len(sys.argv) > 2 else 1
records = {}
for line in open(os.path.join(out, "dns.txt")):
    name, record = line.strip().split(" ", 1)
    records[name.encode() + b"."] = record.encode()
if any(b"k=ed25519" in record for record in records.values()):
    try:
        import nacl.signing  # noqa: F401  dkimpy has no Ed25519 of its own
    except ImportError:
        sys.exit("verify_signatures.py: dkimpy cannot check Ed25519 without pynacl, which is not here")


def signed_part(raw):
    """The bytes between the first two boundaries of a multipart/signed; none for other mail."""
    head, _, body = raw.partition(b"\r\n\r\n")
    head = re.sub(rb"\r\n[ \t]", b" ", head)
    kind = re.search(rb"(?im)^content-type:\s*multipart/signed\b(.*)$", head)
    boundary = kind and re.search(rb'(?i)boundary="?([^";]+)"?', kind.group(1))
    if not boundary:
        return None
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary.group(1).strip())
    return parts[1] if len(parts) >= 3 else None


def look(number):
    copy = open(f"{out}/{number}.eml", "rb").read()
    raw = open(f"{out}/{number}.raw", "rb").read()
    try:
        message = dkim.DKIM(copy)
        answers = [
            message.verify(idx=n, dnsfunc=lambda name, timeout=5: records.get(name))
            for n in range(len(records))
        ]
    except dkim.DKIMException as error:
        answers = [repr(error)]
    part = signed_part(raw)
    return number, all(a is True for a in answers), part is not None, part is None or part in copy


if __name__ == "__main__":
    numbers = sorted(int(os.path.basename(f)[:-4]) for f in glob.glob(f"{out}/*.eml"))[::step]
    with multiprocessing.Pool() as pool:
        looked = list(pool.imap_unordered(look, numbers, 20))
    bad = [number for number, good, _, _ in looked if not good]
    changed = [number for number, _, _, same in looked if not same]
    signed = sum(1 for _, _, is_signed, _ in looked if is_signed)
    print(f"{len(looked) - len(bad)} of {len(looked)} copies: every signature verifies", bad[:20])
    print(f"{signed - len(changed)} of {signed} signed mails: their content is unchanged", changed[:20])
    sys.exit(1 if bad or changed else 0)

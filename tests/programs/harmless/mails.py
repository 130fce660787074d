#!/usr/bin/env python3
"""Makes a mail of every line of vectors.txt and hands it in by SMTP, as whoever writes such things would.

    mails.py VECTORS PORT LIST REFUSED.mbox

What the door refuses goes to a mailbox, to be imported: it may come from elsewhere. Prints how many
mails were made, and how many of them the door refused.
"""
import base64
import email.utils
import pathlib
import re
import smtplib
import sys

CANARY = "canary.example"
ESCAPES = {"n": b"\n", "r": b"\r", "t": b"\t", "\\": b"\\"}


def bytes_of(line):
    """What a line stands for, as bytes."""
    parts = re.split(r"\\(n|r|t|\\|x[0-9a-fA-F]{2})", line.replace("CANARY", CANARY))
    said = b""
    for at, part in enumerate(parts):
        if at % 2 == 0:
            said += part.encode()
        else:
            said += ESCAPES.get(part) or bytes([int(part[1:], 16)])
    return said


def vectors(path):
    """Pairs of where a vector stands and its bytes."""
    where = None
    handlers = []
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("# "):
            continue
        heading = re.fullmatch(r"\[([a-z-]+)\]", line)
        if heading:
            where = heading.group(1)
        elif where == "event":
            handlers += line.split()
        else:
            yield where, bytes_of(line)
    elements = ("img src=x", "body", "details open", "svg", "x autofocus tabindex=1 style=animation-name:x")
    for handler in handlers:
        yield "html", "".join(f"<{one} {handler}=TRAP>x" for one in elements).encode()


def word(said):
    """An encoded word of any bytes (RFC 2047), one a line of 40 bytes."""
    cut = [said[at : at + 30] for at in range(0, len(said), 30)]
    return b"\r\n ".join(b"=?utf-8?b?" + base64.b64encode(part) + b"?=" for part in cut)


def mail(number, where, said, first):
    """One mail, with what is hostile where it was told to stand."""
    headers = {
        b"From": b"Mallory %d <mallory@evil.example>" % (number % 7),
        b"Subject": b"Re: about " + where.encode(),
        b"Message-ID": b"<%s@evil.example>" % (b"v%04d" % number),
    }
    kind, encoding, text = b"text/plain; charset=utf-8", b"base64", b"Have a look at this.\n"
    files = []
    if where == "html":
        kind, text = b"text/html; charset=utf-8", said
    elif where == "text":
        text = said
    elif where == "subject":
        headers[b"Subject"] = word(said)
    elif where == "from":
        headers[b"From"] = word(said) + b" <mallory@evil.example>"
    elif where == "message-id":
        headers[b"Message-ID"] = b"<" + said + b">"
    elif where == "filename":
        quoted = b"".join(b"%%%02X" % byte for byte in said)
        files.append((b"text/plain", b"filename*=utf-8''" + quoted, b"<script>TRAP</script>"))
        if not re.search(rb"[\0\r\n]", said):
            plain = said.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
            files.append((b"image/png", b'filename="' + plain + b'"', b"<script>TRAP</script>"))
    elif where == "type":
        files.append((said, b'filename="x.html"', b"<script>TRAP</script>"))
        files.append((said, b'filename="x.png"', b"<svg xmlns='http://www.w3.org/2000/svg' onload='TRAP'/>"))
    elif where == "content":
        kind_of_file, name, inside = said.split(b" ", 2)
        files.append((kind_of_file, b'filename="' + name + b'"', inside))
        files.append((kind_of_file + b'; name="' + name + b'"', b"", inside))
    elif where == "charset":
        charset, text = said.split(b" ", 1)
        kind = b'text/html; charset="' + charset.replace(b'"', b'\\"') + b'"'
    else:
        raise SystemExit(f"vectors.txt: [{where}] is no place in a mail")
    if first:
        headers[b"Subject"] = headers[b"Subject"].removeprefix(b"Re: ")
    else:
        headers[b"In-Reply-To"] = b"<first-%s@evil.example>" % where.encode()
    body = b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + wrapped(text)
    if files:
        parts = [body]
        for type_of_file, disposition, inside in files:
            how = b"inline" if not disposition else b"attachment; " + disposition
            head = b"Content-Type: " + type_of_file + b"\r\nContent-Disposition: " + how
            parts.append(head + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + wrapped(inside))
        body = b'Content-Type: multipart/mixed; boundary="cut"\r\n\r\n'
        body += b"".join(b"--cut\r\n" + part + b"\r\n" for part in parts) + b"--cut--\r\n"
    headers[b"To"] = b"hostile@lists.example"
    headers[b"Date"] = email.utils.formatdate(1_790_000_000 + 60 * number).encode()
    headers[b"MIME-Version"] = b"1.0"
    return b"".join(name + b": " + value + b"\r\n" for name, value in headers.items()) + body


def wrapped(said):
    """Base64 as mail has it."""
    return base64.encodebytes(said).replace(b"\n", b"\r\n")


def main():
    """All of it, one conversation for each place a vector stands in."""
    path, port, to, refused_path = sys.argv[1:]
    mails = []
    for number, (where, said) in enumerate(vectors(path)):
        if not any(where == other for other, _ in mails):
            first = mail(9000 + len(mails), "text", b"Have a look at these.\n", True)
            first = re.sub(rb"<v9\d+@", b"<first-%s@" % where.encode(), first)
            mails.append((where, first.replace(b"about text", b"about " + where.encode())))
        mails.append((where, mail(number, where, said, False)))
    door = smtplib.SMTP("127.0.0.1", int(port))
    refused = []
    for _, message in mails:
        try:
            door.sendmail("mallory@evil.example", [to], message, ["BODY=8BITMIME"])
        except smtplib.SMTPDataError as error:
            refused.append(message)
            print(f"refused: {error.smtp_code} {error.smtp_error.decode().splitlines()[0]}", file=sys.stderr)
    door.quit()
    with open(refused_path, "wb") as mbox:
        for message in refused:
            lines = message.replace(b"\r\n", b"\n")
            mbox.write(b"From x Thu Jan  1 00:00:00 2026\n" + re.sub(rb"(?m)^(>*From )", rb">\1", lines) + b"\n")
    print(len(mails), len(refused))


main()

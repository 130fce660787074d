#!/usr/bin/env python3
"""A mail server that takes everything: each message it is given becomes FOLDER/NNNN.eml, with who
it was for in FOLDER/NNNN.json. Says the port it listens on in FOLDER/port.

    peer.py FOLDER
"""

import asyncio
import json
import pathlib
import sys

FOLDER = pathlib.Path(sys.argv[1])
taken = 0


async def read_message(reader):
    """The lines up to the lone dot, dots that were added taken away (RFC 5321, 4.5.2)."""
    lines = []
    while (line := await reader.readline()) not in (b".\r\n", b""):
        lines.append(line[1:] if line.startswith(b".") else line)
    return b"".join(lines)


def keep(sender, recipients, message):
    global taken
    taken += 1
    # First under another name: whoever looks for .eml finds whole messages only.
    part = FOLDER / f"{taken:04}.part"
    part.write_bytes(message)
    (FOLDER / f"{taken:04}.json").write_text(json.dumps({"sender": sender, "recipients": recipients}))
    part.rename(FOLDER / f"{taken:04}.eml")


async def converse(reader, writer):
    sender, recipients = "", []
    writer.write(b"220 peer.example ESMTP\r\n")
    while line := await reader.readline():
        verb = line.split(b" ")[0].strip().upper()
        path = line.decode("utf-8", "replace").partition("<")[2].partition(">")[0]
        if verb == b"EHLO":
            writer.write(b"250-peer.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
        elif verb in (b"HELO", b"NOOP", b"RSET"):
            sender, recipients = "", []
            writer.write(b"250 2.0.0 yes\r\n")
        elif verb == b"MAIL":
            sender, recipients = path, []
            writer.write(b"250 2.1.0 yes\r\n")
        elif verb == b"RCPT":
            recipients.append(path)
            writer.write(b"250 2.1.5 yes\r\n")
        elif verb == b"DATA":
            writer.write(b"354 go on\r\n")
            await writer.drain()
            keep(sender, recipients, await read_message(reader))
            sender, recipients = "", []
            writer.write(f"250 2.0.0 taken as {taken}\r\n".encode())
        elif verb == b"QUIT":
            writer.write(b"221 2.0.0 bye\r\n")
            break
        else:
            writer.write(b"502 5.5.1 what?\r\n")
        await writer.drain()
    writer.close()


async def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    port = FOLDER / "port.part"
    port.write_text(str(server.sockets[0].getsockname()[1]))
    port.rename(FOLDER / "port")
    async with server:
        await server.serve_forever()


asyncio.run(main())

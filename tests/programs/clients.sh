#!/usr/bin/env bash
# Posts written by the mail programs people have (swaks, s-nail, mutt, git send-email, curl,
# Python), through the door of a real server; then the archive, the export and every member's copy
# are read with programs that know nothing of Parvis, and compared.
#
# Programs that are not here are left out, and said; Python and curl must be.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
parvis=${PARVIS_BIN:-$here/../../target/debug/parvis}
list=club@lists.example

. "$here/common.bash"
needs python3 curl

work=$(mktemp -d)
running=()
finish() {
  for process in "${running[@]}"; do kill "$process" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

fail() {
  echo "FAILED: $*"
  echo "-- the server said:"
  tail -n 30 "$work/log" 2>/dev/null || true
  exit 1
}


# -- a server, and one that takes its mail
python3 "$here/peer.py" "$work/copies" &
running+=($!)
wait_for "the peer" test -e "$work/copies/port"
door=$(free_port)
web=$(free_port)
export PARVIS_CONFIG=$work/parvis.toml
cat >"$PARVIS_CONFIG" <<CONFIG
hostname = "lists.example"
data_dir = "$work/data"
language = "en"
[smtp]
listen = ["127.0.0.1:$door"]
lmtp_listen = ["$work/lmtp.sock"]
[delivery]
route = "smtp://127.0.0.1:$(cat "$work/copies/port")"
tls = "never"
[web]
listen = ["127.0.0.1:$web"]
base_url = "http://127.0.0.1:$web"
CONFIG
"$parvis" serve >"$work/log" 2>&1 &
running+=($!)
wait_for "the server" curl -fsS "http://127.0.0.1:$web/healthz"
"$parvis" list create $list --name "The Club" --language en >/dev/null
"$parvis" list set $list archive=public footer=none >/dev/null
for name in anne bob claire; do
  "$parvis" member add $list $name@club.example --name "$name" --no-welcome >/dev/null
done

# -- what is sent: NAME FROM SUBJECT, the text on standard input, then attachments
mkdir "$work/sent"
expect() {
  python3 - "$work/sent/$1.json" "$@" <<'PYTHON'
import hashlib, json, pathlib, sys
target, _, sender, subject, text, *attachments = sys.argv[1:]
files = {pathlib.Path(a).name: hashlib.sha256(pathlib.Path(a).read_bytes()).hexdigest() for a in attachments}
expectation = {"from": sender, "subject": subject, "text": text, "attachments": files}
pathlib.Path(target).write_text(json.dumps(expectation))
PYTHON
  echo "$1: $3"
}
picture=$work/préau.png
plan=$work/plan.csv
head -c 70000 /dev/urandom >"$picture"
printf 'stand;qui\n1;Anne\n' >"$plan"
text=$'Bonjour à toutes et à tous,\n\nFrom here on, the kettle is Anne’s.\n.\nBien à vous'
have() { command -v "$1" >/dev/null || { echo "left out: $1 is not here"; return 1; }; }

if have swaks; then
  swaks --server "127.0.0.1:$door" --from anne@club.example --to $list --hide-all \
    --header "Subject: =?utf-8?q?Caf=C3=A9_sous_le_pr=C3=A9au?=" \
    --header "Content-Type: text/plain; charset=utf-8" --header "Content-Transfer-Encoding: 8bit" \
    --header "MIME-Version: 1.0" --body "$text" || fail "swaks could not post"
  expect swaks anne@club.example "Café sous le préau" "$text"
fi

if have s-nail; then
  printf '%s\n' "$text" | LC_ALL=C.UTF-8 s-nail -:/ -S v15-compat -S mta="smtp://127.0.0.1:$door" \
    -S smtp-auth=none -S nosave -S from="Bob <bob@club.example>" -S hostname=club.example -S sendwait \
    -S ttycharset=utf-8 -S sendcharsets=utf-8 -a "$plan" -s "Vide-grenier d’été" $list || fail "s-nail could not post"
  expect s-nail bob@club.example "Vide-grenier d’été" "$text" "$plan"
fi

if have mutt; then
  printf '%s\n' "$text" | LC_ALL=C.UTF-8 mutt -n -F /dev/null -e "set smtp_url=smtp://127.0.0.1:$door/" \
    -e 'set ssl_force_tls=no ssl_starttls=no copy=no use_from=yes from="Claire <claire@club.example>" hostname=club.example' \
    -e 'set charset=utf-8 send_charset=utf-8' -s "Clé trouvée" -a "$picture" -- $list || fail "mutt could not post"
  expect mutt claire@club.example "Clé trouvée" "$text" "$picture"
fi

if [ -x "$(git --exec-path 2>/dev/null)/git-send-email" ]; then
  (
    cd "$work" && git init -q patches && cd patches
    git config user.name Anne && git config user.email anne@club.example
    printf 'Une ligne écrite à la main.\n' >notes && git add notes
    git commit -q -m "notes: begin with a line" -m "Written on the way home."
    git -c sendemail.smtpserver=127.0.0.1 -c sendemail.smtpserverport="$door" -c sendemail.transferencoding=8bit \
      send-email --quiet --confirm=never --suppress-cc=all --to=$list -1 >/dev/null
  ) || fail "git send-email could not post"
  expect git anne@club.example "[PATCH] notes: begin with a line" "Written on the way home."
else
  echo "left out: git send-email is not here"
fi

cat >"$work/sent/curl.eml" <<EML
From: Bob <bob@club.example>
To: $list
Subject: Kettle
Date: Sun, 22 Nov 2026 18:30:00 +0100
Message-ID: <kettle.1@club.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

$text
EML
curl -fsS --crlf "smtp://127.0.0.1:$door" --mail-from bob@club.example --mail-rcpt $list \
  --upload-file "$work/sent/curl.eml" || fail "curl could not post"
expect curl bob@club.example "Kettle" "$text"

python3 - "$door" "$work/lmtp.sock" "$work/sent" "$text" "$picture" <<'PYTHON' || fail "Python could not post"
import email.message, email.policy, pathlib, smtplib, sys
door, socket, sent, text, picture = sys.argv[1:]
def write(subject, number):
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    message["From"] = "Claire <claire@club.example>"
    message["To"] = "club@lists.example"
    message["Subject"] = subject
    message["Message-ID"] = f"<{number}.python@club.example>"
    message["Date"] = "Sun, 22 Nov 2026 19:00:00 +0100"
    message.set_content(text)
    message.add_alternative(f"<p>{text}</p>", subtype="html")
    return message
def post(server, message, name):
    # Not send_message, which writes >From in place of From.
    raw = message.as_bytes()
    pathlib.Path(sent, name).write_bytes(raw.replace(b"\r\n", b"\n"))
    server.sendmail("claire@club.example", ["club@lists.example"], raw, mail_options=["BODY=8BITMIME"])
by_smtp = write("Réunion du bureau : ordre du jour, comptes et questions diverses, puis un verre", 1)
by_smtp.add_attachment(pathlib.Path(picture).read_bytes(), "image", "png", filename="préau.png")
with smtplib.SMTP("127.0.0.1", int(door)) as server:
    post(server, by_smtp, "smtplib.eml")
with smtplib.LMTP(socket) as server:
    post(server, write("By the back door", 2), "lmtp.eml")
PYTHON
expect smtplib claire@club.example \
  "Réunion du bureau : ordre du jour, comptes et questions diverses, puis un verre" "$text" "$picture"
expect lmtp claire@club.example "By the back door" "$text"

# A stranger's post is refused while curl is on the line.
cat >"$work/stranger.eml" <<EML
From: Zoe <zoe@far.example>
To: $list
Subject: Cheap watches
Message-ID: <watch.1@far.example>

Buy.
EML
if curl -sS --crlf "smtp://127.0.0.1:$door" --mail-from zoe@far.example --mail-rcpt $list \
  --upload-file "$work/stranger.eml" >"$work/stranger" 2>&1; then
  fail "a stranger's post was taken"
fi

# -- until everything has gone out
posts=$(find "$work/sent" -name '*.json' | wc -l)
published() { [ "$("$parvis" list show $list --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["posts"])')" = "$posts" ]; }
all_out() { [ "$("$parvis" queue ls --json)" = "[]" ] && [ "$(find "$work/copies" -name '*.eml' | wc -l)" -ge $((3 * posts)) ]; }
wait_for "$posts posts in the archive" published
wait_for "$((3 * posts)) copies" all_out

# -- read by others
"$parvis" export $list --out "$work/export" >/dev/null || fail "export"
python3 "$here/compare.py" "$work/sent" "$work/export" "$work/data" "$work/copies" || fail "not the same"
if command -v s-nail >/dev/null; then
  heads=$(LC_ALL=C.UTF-8 s-nail -:/ -R -H -f "$work/export/archive.mbox" | wc -l)
  [ "$heads" = "$posts" ] || fail "s-nail counts $heads messages in archive.mbox, not $posts"
fi
# Not -q: it would stop reading, and curl would fail for that.
curl -fsS "http://127.0.0.1:$web/club/" | grep "Kettle" >/dev/null || fail "the list's page does not show a post"

# -- a post that waits goes out once it is accepted, and not before
"$parvis" list set $list hold_all=yes >/dev/null
sed -e 's/Kettle/Teapot/' -e 's/kettle.1/teapot.1/' "$work/sent/curl.eml" >"$work/teapot.eml"
curl -fsS --crlf "smtp://127.0.0.1:$door" --mail-from bob@club.example --mail-rcpt $list \
  --upload-file "$work/teapot.eml" || fail "curl could not post again"
waiting() { "$parvis" held ls $list --json | grep Teapot >/dev/null; }
wait_for "a post that waits" waiting
published || fail "a post that waits is in the archive"
"$parvis" held accept "$("$parvis" held ls $list --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["id"])')" >/dev/null
copies_of() { grep -l "Subject: $1" "$work"/copies/*.eml | wc -l; }
accepted() { [ "$(copies_of Teapot)" -ge 3 ]; }
wait_for "the accepted post's copies" accepted
"$parvis" list set $list hold_all=no >/dev/null

# -- the archive into another list, and out again: nothing gained, nothing lost, nobody mailed
before=$(find "$work/copies" -name '*.eml' | wc -l)
"$parvis" list create copy@lists.example --name "The Copy" >/dev/null
for round in 1 2; do
  "$parvis" import mbox copy@lists.example "$work/export/archive.mbox" --json >"$work/import-$round.json" || fail "import"
done
python3 - "$work" "$posts" <<'PYTHON' || fail "the import miscounts"
import json, pathlib, sys
work, posts = pathlib.Path(sys.argv[1]), int(sys.argv[2])
first, second = (json.loads((work / f"import-{n}.json").read_text()) for n in (1, 2))
assert (first["messages"], first["imported"], first["duplicates"]) == (posts, posts, 0), first
assert (second["messages"], second["imported"], second["duplicates"]) == (posts, 0, posts), second
PYTHON
"$parvis" export copy@lists.example --out "$work/again" >/dev/null || fail "export of the copy"
python3 - "$work" <<'PYTHON' || fail "the archive changed on its way in and out"
import mailbox, pathlib, sys
work = pathlib.Path(sys.argv[1])
boxes = [mailbox.mbox(work / folder / "archive.mbox", create=False) for folder in ("export", "again")]
bodies = [sorted(box.get_bytes(key).rstrip() for key in box.keys()) for box in boxes]
assert bodies[0] == bodies[1], [len(found) for found in bodies]
PYTHON
[ "$(find "$work/copies" -name '*.eml' | wc -l)" = "$before" ] || fail "an import mailed somebody"

# -- and the end is orderly
server=${running[1]}
kill -TERM "$server"
wait "$server" || fail "the server ended with $?"
echo "passed: $posts posts"

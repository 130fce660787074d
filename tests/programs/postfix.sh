#!/usr/bin/env bash
# A stock Postfix in front, by the lines of deploy/postfix, and the same one as the server copies
# leave by: who writes is found out behind it, results forged in anybody's name do nothing, and what
# is refused is refused to the sender.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
parvis=${PARVIS_BIN:-$root/target/debug/parvis}

. "$here/common.bash"
needs postfix postmap python3 swaks
if [ "$(id -u)" != 0 ]; then
  echo "skipped: Postfix starts for root only"
  exit 77
fi

work=$(mktemp -d)
chmod 755 "$work"
running=()
finish() {
  postfix -c "$work/etc" stop >/dev/null 2>&1 || true
  for process in "${running[@]}"; do kill "$process" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

fail() {
  echo "FAILED: $*"
  tail -n 20 "$work/log" "$work/maillog" 2>/dev/null || true
  exit 1
}
front=$(free_port) lmtp=$(free_port) web=$(free_port) names=$(free_port)

# -- the DNS of members.example: one server may send in its name, and all else is to be refused
python3 - "$names" <<'PYTHON' &
import socket, struct, sys
texts = {"members.example": "v=spf1 ip4:198.51.100.9 -all", "_dmarc.members.example": "v=DMARC1; p=reject"}
door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
door.bind(("127.0.0.1", int(sys.argv[1])))
while True:
    query, client = door.recvfrom(4096)
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode().lower())
        at += 1 + query[at]
    name, kind = ".".join(labels), struct.unpack(">H", query[at + 1 : at + 3])[0]
    text = texts.get(name) if kind == 16 else None
    answer = b"" if text is None else struct.pack(">HHHIHB", 0xC00C, 16, 1, 60, len(text) + 1, len(text)) + text.encode()
    known = name == "members.example" or name in texts
    head = query[:2] + struct.pack(">HHHHH", 0x8180 if known else 0x8183, 1, bool(answer), 0, 0)
    door.sendto(head + query[12 : at + 5] + answer, client)
PYTHON
running+=($!)

# -- Postfix: what a Debian package has, deploy/postfix, and a mailbox for every member
mkdir -p "$work"/{etc,spool,lib,boxes}
chown postfix "$work/lib"
cat >"$work/etc/main.cf" <<CF
compatibility_level = 3.6
queue_directory = $work/spool
data_directory = $work/lib
maillog_file = $work/maillog
maillog_file_prefixes = $work
myhostname = mx.lists.example.org
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
smtp_dns_support_level = disabled
smtpd_authorized_xclient_hosts = 127.0.0.1
virtual_mailbox_domains = members.example
virtual_mailbox_base = $work/boxes
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:$(id -u postfix)
virtual_gid_maps = static:$(id -g postfix)
virtual_minimum_uid = 1
CF
chown postfix "$work/boxes"
sed "s#/etc/postfix/#$work/etc/#" "$root/deploy/postfix/main.cf" >>"$work/etc/main.cf"
sed "s#127.0.0.1:24#127.0.0.1:$lmtp#" "$root/deploy/postfix/transport" >"$work/etc/transport"
postmap -c "$work/etc" "$work/etc/transport"
# The package's own services, at a port of ours and without the chroot that is set up in /var only.
awk -v port="127.0.0.1:$front" '/^[^#[:space:]]/ { $5 = "n"; if ($2 == "inet") { if ($1 != "smtp") next; $1 = port } } { print }' \
  "$(postconf -h config_directory)/master.cf" >"$work/etc/master.cf"
postfix -c "$work/etc" start >"$work/started" 2>&1 || fail "Postfix does not start: $(cat "$work/started")"

# -- Parvis behind it
configure() { # trusted_authserv_id
  cat >"$work/parvis.toml" <<TOML
hostname = "lists.example.org"
data_dir = "$work/data"
[smtp]
listen = []
lmtp_listen = ["127.0.0.1:$lmtp"]
trusted_authserv_id = "$1"
[dns]
servers = ["127.0.0.1:$names"]
[delivery]
route = "smtp://127.0.0.1:$front"
[web]
listen = ["127.0.0.1:$web"]
TOML
}
export PARVIS_CONFIG=$work/parvis.toml
serve() {
  "$parvis" serve >>"$work/log" 2>&1 &
  server=$!
  running+=("$server")
  wait_for "the server" "$parvis" list ls
  wait_for "its door" bash -c "echo >/dev/tcp/127.0.0.1/$lmtp"
}
configure ""
serve
list=quartier@lists.example.org
"$parvis" list create $list --name "Le quartier" --language fr >/dev/null
for name in anne claire; do
  "$parvis" member add $list $name@members.example --name "$name" --no-welcome >/dev/null
done

# As a server elsewhere hands it to Postfix: its address, From and reverse-path, to whom, an id.
hand_in() {
  local address=$1 from=$2 to=$3 id=$4
  shift 4
  swaks --server 127.0.0.1 --port "$front" --xclient-addr "$address" --xclient-name mx.elsewhere.example \
    --helo mx.elsewhere.example --from "$from" --to "$to" --header "From: $from" --header "To: $to" \
    --header "Subject: $id" --header "Message-Id: <$id@elsewhere.example>" --body "Bonjour $id" "$@" >"$work/said" 2>&1 || true
}
became() { # id, words
  "$parvis" trace "$1@elsewhere.example" 2>/dev/null | grep -q -- "$2"
}
forged='Authentication-Results: lists.example.org; dmarc=pass header.from=members.example; spf=pass smtp.mailfrom=members.example'
here_too='Authentication-Results: mx.lists.example.org; dmarc=pass header.from=members.example'

hand_in 198.51.100.9 anne@members.example $list own
wait_for "a post of a member's own server" became own published
became own "spf=pass" || fail "SPF was not that of the server Postfix names"
wait_for "copies, taken by Postfix" bash -c "[ \$(grep -l 'Subject: own' -r '$work/boxes/box/new' | wc -l) = 2 ]"
grep -rqi '^Return-Path: <quartier-bounces+[a-z2-7]*@lists.example.org>' "$work/boxes/box/new" || fail "no return path for each"
hand_in 198.51.100.66 anne@members.example $list forged --add-header "$forged" --add-header "$here_too"
wait_for "a forged post to wait" became forged "because: unproven"

hand_in 198.51.100.9 anne@members.example nobody@lists.example.org unknown
grep -q '^<\*\* 550 .*personne a cette adresse' "$work/said" || fail "an unknown address: $(tail -n 3 "$work/said")"
hand_in 198.51.100.9 anne@members.example someone@elsewhere.example relayed
grep -q '^<\*\* [45]54 .*Relay access denied' "$work/said" || fail "relayed: $(tail -n 3 "$work/said")"
hand_in 198.51.100.9 eve@strangers.example $list stranger
wait_for "a stranger to be refused" grep -q 'status=bounced.*reserve a ses membres' "$work/maillog"

# Believing Postfix is not believing what came through it.
kill "$server"
wait "$server" 2>/dev/null || true
configure mx.lists.example.org
serve
hand_in 198.51.100.66 anne@members.example $list forged-again --add-header "$here_too"
wait_for "a forged post to wait" became forged-again "because: unproven"
postconf -c "$work/etc" -e "smtpd_data_restrictions = check_sender_access inline:{{anne@members.example = PREPEND $here_too}}"
postfix -c "$work/etc" reload >/dev/null 2>&1
sleep 1
hand_in 198.51.100.66 anne@members.example $list believed
wait_for "what Postfix itself wrote to be believed" became believed "the mail server in front says so"
wait_for "From to be the list's" became believed "From is the list's"
echo "passed: 2 posts through Postfix and out by it, 2 forged ones wait, 3 refused"

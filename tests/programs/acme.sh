#!/usr/bin/env bash
# Certificates by themselves, from a real authority made for tests (Debian's pebble): the first one,
# shown at the door and on the web; kept over a restart without asking again; another when the names
# change; and when the authority is away, the one in use stays.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
parvis=${PARVIS_BIN:-$here/../../target/debug/parvis}

. "$here/common.bash"
needs python3 pebble pebble-challtestsrv openssl curl
work=$(mktemp -d)
started=()
trap 'for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done; wait; rm -rf "$work"' EXIT
cd "$work"

acme=$(free_port) manage=$(free_port) dns=$(free_port) http=$(free_port) https=$(free_port) smtp=$(free_port) challenges=$(free_port)
# The authority's own address is https too, with a certificate of somebody else's.
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj '/CN=somebody else' 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout pebble.key -out pebble.csr -subj /CN=localhost 2>/dev/null
openssl x509 -req -in pebble.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out pebble.pem -days 2 \
  -extfile <(echo 'subjectAltName=DNS:localhost') 2>/dev/null
cat >pebble.json <<JSON
{"pebble": {"listenAddress": "127.0.0.1:$acme", "managementListenAddress": "127.0.0.1:$manage",
  "certificate": "pebble.pem", "privateKey": "pebble.key", "httpPort": $http, "tlsPort": $https,
  "ocspResponderURL": "", "externalAccountBindingRequired": false}}
JSON
pebble-challtestsrv -dns01 "127.0.0.1:$dns" -management "127.0.0.1:$challenges" -http01 "" -https01 "" \
  -tlsalpn01 "" -defaultIPv4 127.0.0.1 -defaultIPv6 "" >challtestsrv.log 2>&1 &
started+=($!)
authority() {
  PEBBLE_VA_NOSLEEP=1 pebble -config pebble.json -dnsserver "127.0.0.1:$dns" >>pebble.log 2>&1 &
  pebble_pid=$!
  started+=("$pebble_pid")
  curl -sk --retry 50 --retry-delay 1 --retry-connrefused -o /dev/null "https://127.0.0.1:$acme/dir"
}
authority

configure() { # base_url
  cat >parvis.toml <<TOML
hostname = "lists.example.org"
data_dir = "$work/data"
[dns]
servers = ["127.0.0.1:$dns"]
[smtp]
listen = ["127.0.0.1:$smtp"]
[delivery]
route = "smtp://127.0.0.1:9"
[web]
listen = ["127.0.0.1:$http"]
tls_listen = ["127.0.0.1:$https"]
base_url = "$1"
[acme]
directory = "https://localhost:$acme/dir"
email = "operator@example.org"
TOML
}
serve() {
  SSL_CERT_FILE=$work/ca.pem "$parvis" --config parvis.toml serve 2>"$1" &
  parvis_pid=$!
  started+=("$parvis_pid")
}
stop() { kill "$parvis_pid"; wait "$parvis_pid" || true; }
await() { # a word in a file
  for _ in $(seq 300); do
    if grep -q -- "$1" "$2" 2>/dev/null; then return; fi
    sleep 0.1
  done
  echo "waited in vain for: $1"
  tail -n 20 "$2" pebble.log
  exit 1
}
shown() { # how to connect: the serial number and the names
  openssl s_client -connect "$@" -servername lists.example.org </dev/null 2>/dev/null |
    openssl x509 -noout -serial -ext subjectAltName | tr -d '\n '
}

configure https://lists.example.org
serve first.log
await "a new certificate was fetched" first.log
door=$(shown "127.0.0.1:$smtp" -starttls smtp)
web=$(shown "127.0.0.1:$https")
[ "$door" = "$web" ] || { echo "the door shows $door, the web $web"; exit 1; }
case $door in *DNS:lists.example.org*) ;; *) echo "not our name: $door"; exit 1 ;; esac
# A chain a client can follow to the authority's root.
curl -sk "https://127.0.0.1:$manage/roots/0" >root.pem
code=$(curl -s --cacert root.pem --resolve "lists.example.org:$https:127.0.0.1" -o /dev/null -w '%{http_code}' \
  "https://lists.example.org:$https/")
[ "$code" = 200 ] || { echo "https answered $code"; exit 1; }
# What is asked of those who bring mail stands at a name of its own, in the same certificate.
curl -s --cacert root.pem --resolve "mta-sts.lists.example.org:$https:127.0.0.1" \
  "https://mta-sts.lists.example.org:$https/.well-known/mta-sts.txt" >policy.txt
grep -q '^mx: lists.example.org' policy.txt || { echo "no policy for mail"; cat policy.txt; exit 1; }
[ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$http/.well-known/acme-challenge/x")" = 308 ]
for file in data/keys/acme-account.json data/keys/acme-certificate.pem; do
  [ "$(stat -c %a "$file")" = 600 ] || { echo "others may read $file"; exit 1; }
done
stop

# Again: the same one, and nobody is asked.
orders=$(grep -c "newOrder\|/order-plz" pebble.log || true)
serve second.log
await "https is open" second.log
sleep 1
[ "$(shown "127.0.0.1:$smtp" -starttls smtp)" = "$door" ] || { echo "another one after a restart"; exit 1; }
[ "$(grep -c "newOrder\|/order-plz" pebble.log || true)" = "$orders" ] || { echo "ordered again"; exit 1; }
stop

# Another name for the pages: one certificate for both, with the account that is there.
account=$(sha256sum <data/keys/acme-account.json)
configure https://pages.example.org
serve third.log
await "a new certificate was fetched" third.log
names=$(shown "127.0.0.1:$https")
case $names in *pages.example.org*) ;; *) echo "without the new name: $names"; exit 1 ;; esac
[ "$(sha256sum <data/keys/acme-account.json)" = "$account" ] || { echo "another account"; exit 1; }
stop

# The authority is away, and the names changed again: what is there stays.
kill "$pebble_pid"
wait "$pebble_pid" 2>/dev/null || true
configure https://elsewhere.example.org
serve fourth.log
await "no new certificate was fetched; what is in use stays" fourth.log
[ "$(shown "127.0.0.1:$https")" = "$names" ] || { echo "lost the one in use"; exit 1; }
stop

# An authority that does not know us any more: another account, and a certificate with it.
authority
serve fifth.log
await "a new certificate was fetched" fifth.log
[ "$(sha256sum <data/keys/acme-account.json)" != "$account" ] || { echo "the account they do not know"; exit 1; }
case $(shown "127.0.0.1:$https") in *elsewhere.example.org*) ;; *) echo "still the old one"; exit 1 ;; esac
stop
echo "passed: three certificates fetched, one kept over a restart and one over a refusal"

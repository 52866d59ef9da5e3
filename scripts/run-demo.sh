#!/usr/bin/env bash
# Serves a demo folder on a loopback port and prints how to reach it with common clients.
#
#   scripts/run-demo.sh PROGRAM [PORT]
set -euo pipefail
cd "$(dirname "$0")/.."
program=$1
port=${2:-2222}
work=$PWD/build/demo
user=demo

mkdir -p "$work/files/pictures"
[[ -e $work/files/welcome.txt ]] || echo "Hello from Sallyport." >"$work/files/welcome.txt"
[[ -e $work/files/numbers.txt ]] || seq 1 100000 >"$work/files/numbers.txt"
[[ -e $work/password ]] || (umask 077 && head -c 12 /dev/urandom | base64 | tr '+/' '-_' >"$work/password")
password=$(<"$work/password")

if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    echo "port $port is taken; using a free one" >&2
    port=0
fi

show() {
    local port=${1##*:}
    cat <<TEXT

  address      sftp://127.0.0.1:$port
  user         $user
  password     $password
  folder       $work/files

Try, in another terminal:

  sftp -P $port $user@127.0.0.1
  scp -P $port README.md $user@127.0.0.1:
  curl -k -u $user:$password sftp://127.0.0.1:$port/welcome.txt
  mkdir -p mnt && sshfs -p $port $user@127.0.0.1:/ mnt

Stop with Ctrl-C.

TEXT
}

coproc server { exec "$program" serve "$work/files" --listen "127.0.0.1:$port" --user "$user" --password "$password" \
    --host-key "$work/host_key" 2>&1; }
pid=$server_PID
trap 'kill -TERM "$pid" 2>/dev/null || true' INT TERM
while IFS= read -r line <&"${server[0]}"; do
    echo "$line"
    [[ $line == *"listening on "* ]] && show "${line##*listening on }"
done
wait "$pid"

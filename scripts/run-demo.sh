#!/usr/bin/env bash
# Serves a demo folder on a loopback port and prints how to reach it with common clients.
#
#   scripts/run-demo.sh PROGRAM [PORT]
#
# The program makes up the host key and the password by itself; both are kept below build/demo.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$1
port=${2:-2222}
work=$PWD/build/demo
export XDG_STATE_HOME=$work/state
umask 077
mkdir -p "$work/files/pictures" "$XDG_STATE_HOME"
[[ -e $work/files/welcome.txt ]] || echo "Hello from Sallyport." >"$work/files/welcome.txt"
[[ -e $work/files/numbers.txt ]] || seq 1 100000 >"$work/files/numbers.txt"

if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    echo "port $port is taken; using a free one"
    port=0
fi

# What the program does not say itself: the other clients.
show() {
    local port=${1##*:} user password=
    user=$(id -un)
    [[ -r $XDG_STATE_HOME/sallyport/password ]] && password=:$(<"$XDG_STATE_HOME/sallyport/password")
    cat <<TEXT
In another terminal:

  sftp -P $port $user@127.0.0.1
  scp -P $port README.md $user@127.0.0.1:
  curl -k -u $user$password sftp://127.0.0.1:$port/welcome.txt
  mkdir -p mnt && sshfs -p $port $user@127.0.0.1:/ mnt

TEXT
}

# The program stays in the foreground, so that Ctrl-C and its exit status are its own.
ready=$work/ready
rm -f "$ready"
mkfifo "$ready"
{
    read -r line || line=
    [[ $line == "listening on "* ]] && sleep 0.2 && show "$line"
    cat
} <"$ready" &
exec "$program" serve "$work/files" --listen "sftp://127.0.0.1:$port" >"$ready"

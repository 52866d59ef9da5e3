#!/bin/sh
# Makes the seeds of private_key_fuzz.c anew: keys of every type and format, encrypted ones with "secret" at the lowest cost.
# They open nothing anywhere.
set -e
cd "$(dirname "$0")/corpus/private_key"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
seed() { # NAME FIRST_BYTE FILE
    { printf '%b' "$2"; cat "$3"; } >"$1"
}
for type in ed25519 ecdsa rsa; do
    bits=
    [ $type = rsa ] && bits='-b 2048'
    # shellcheck disable=SC2086
    ssh-keygen -q -t $type $bits -N '' -C seed -f "$work/$type"
    seed openssh_$type '\000' "$work/$type"
done
for cipher in aes256-ctr aes128-cbc aes256-gcm@openssh.com; do
    cp "$work/ed25519" "$work/boxed"
    ssh-keygen -q -p -a 1 -Z $cipher -P '' -N secret -f "$work/boxed"
    seed "openssh_${cipher%@*}" '\001' "$work/boxed"
done
for type in ecdsa rsa; do
    cp "$work/$type" "$work/pem"
    ssh-keygen -q -p -m PEM -P '' -N '' -f "$work/pem"
    seed traditional_$type '\000' "$work/pem"
    openssl pkcs8 -topk8 -nocrypt -in "$work/pem" -out "$work/pkcs8"
    seed pkcs8_$type '\000' "$work/pkcs8"
done
seed whole '\374' "$work/ed25519"
openssl ec -aes128 -passout pass:secret -in "$work/pem" -out "$work/dek" 2>/dev/null ||
    openssl rsa -traditional -aes128 -passout pass:secret -in "$work/pem" -out "$work/dek" 2>/dev/null
seed traditional_encrypted '\001' "$work/dek"
cp "$work/ecdsa" "$work/pem"
ssh-keygen -q -p -m PEM -P '' -N '' -f "$work/pem"
openssl pkcs8 -topk8 -v2 aes-256-cbc -iter 1 -passout pass:secret -in "$work/pem" -out "$work/box"
seed pkcs8_pbkdf2 '\001' "$work/box"
openssl pkcs8 -topk8 -v2 aes-128-cbc -scrypt -scrypt_N 2 -scrypt_r 1 -scrypt_p 1 -passout pass:secret -in "$work/pem" -out "$work/box"
seed pkcs8_scrypt '\001' "$work/box"
openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -iter 1 -passout pass:secret -in "$work/pem" -out "$work/box"
seed pkcs8_pbes1 '\001' "$work/box"
printf -- '\000-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----\n' >foreign

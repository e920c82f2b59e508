#!/bin/sh
# Makes the keystores of this folder anew: sh make.sh FOLDER BCPROV_JAR
# Needs openssl 3.4 or newer with its legacy provider, keytool of a Java 21, and Bouncy Castle's provider (Debian:
# libbcprov-java). All hold the same two certificates and, but for the trust store, the key of the first.
set -eu
out=$1
bc=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 7300 \
    -subj '/CN=Test CA' -addext basicConstraints=critical,CA:TRUE 2>/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -out leaf.pem -days 7000 \
    -subj '/CN=app.example' -addext subjectAltName=DNS:app.example -addext basicConstraints=CA:FALSE \
    -CA ca.pem -CAkey ca.key 2>/dev/null
cp ca.pem leaf.pem "$out"

p12() { # FILE PASSWORD OPTIONS...
    file=$1
    password=$2
    shift 2
    openssl pkcs12 -export -in leaf.pem -inkey leaf.key -certfile ca.pem -name server -out "$out/$file" \
        -passout "pass:$password" "$@"
}
p12 aes.p12 latchkey
p12 legacy.p12 latchkey -legacy
p12 rc2-128.p12 latchkey -legacy -certpbe PBE-SHA1-RC2-128 -keypbe PBE-SHA1-2DES -macalg sha1
p12 pbmac1.p12 latchkey -pbmac1_pbkdf2 -pbmac1_pbkdf2_md sha512
p12 clear.p12 latchkey -certpbe NONE
p12 no-mac.p12 latchkey -nomac
p12 empty.p12 ''
p12 changeit.p12 changeit
openssl pkcs12 -export -nokeys -in ca.pem -out "$out/trust.p12" -passout pass:changeit -caname ca -jdktrust anyExtendedKeyUsage
openssl crl2pkcs7 -nocrl -certfile leaf.pem -certfile ca.pem -outform DER -out "$out/bag.p7b"
openssl pkcs8 -topk8 -in leaf.key -v2 aes-256-cbc -v2prf hmacWithSHA512 -passout pass:latchkey -out "$out/leaf-pbes2.key"
openssl pkcs8 -topk8 -in leaf.key -scrypt -passout pass:latchkey -out "$out/leaf-scrypt.key"
openssl pkcs8 -topk8 -in leaf.key -v1 PBE-SHA1-3DES -passout pass:latchkey -out "$out/leaf-3des.key"
openssl ec -in leaf.key -aes128 -passout pass:latchkey -out "$out/leaf-old.key" 2>/dev/null
cp leaf.key "$out/leaf.key"

java_store() { # FILE TYPE PASSWORD OPTIONS...
    file=$out/$1
    type=$2
    password=$3
    shift 3
    rm -f "$file"
    if [ "$type" = JCEKS ]; then
        keytool -genseckey -alias first -keyalg AES -keysize 128 -keystore "$file" -storetype JCEKS -storepass "$password" \
            -keypass "$password"
    fi
    keytool -importkeystore -srckeystore "$out/aes.p12" -srcstoretype PKCS12 -srcstorepass latchkey -destkeystore "$file" \
        -deststoretype "$type" -deststorepass "$password" -noprompt "$@"
    if [ "$type" = JCEKS ]; then
        keytool -genseckey -alias second -keyalg DESede -keystore "$file" -storetype JCEKS -storepass "$password" \
            -keypass "$password"
    fi
    keytool -importcert -alias zürich -file ca.pem -keystore "$file" -storetype "$type" -storepass "$password" -noprompt "$@"
}
export JAVA_TOOL_OPTIONS="-Dfile.encoding=UTF-8 -Dsun.jnu.encoding=UTF-8 -Dorg.bouncycastle.bks.enable_v1=true"
export LC_ALL=C.UTF-8
# The first version of BKS has to be asked for by name.
bouncy="-providerpath $bc -providerclass org.bouncycastle.jce.provider.BouncyCastleProvider"
java_store java.jks JKS changeit
java_store java.jceks JCEKS latchkey
java_store java.p12 PKCS12 latchkey
# shellcheck disable=SC2086
for kind in BKS BKS-V1 UBER BCFKS; do
    java_store "bouncy-$(echo "$kind" | tr A-Z a-z)" "$kind" latchkey $bouncy
done

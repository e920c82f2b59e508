# Keystores that servers read for a certificate: what is in one, and a new one in its place. A passphrase comes on
# standard input like all that is asked for; it goes to openssl on its standard input, and to keytool in a file of
# root's alone that is in memory. A new store is made of the old: what else is in it stays.

# deployment_keystore TOKEN ID N PATH REAL BEFORE pkcs12|jks ENTRY made|given CHAIN PASSPHRASE KEY: stages file N with
# this chain, and the key that was made here or is given, under the name ENTRY; empty: the one key that is in it.
# Nothing that is in use changes.
do_deployment_keystore() {
	store_kind=$7 entry_name=$8 store_key=$9
	[ "$#" -eq 12 ] || no odd-words
	chain_bytes=${10} passphrase=$(put_bytes "${11}" && echo .) key_bytes=${12}
	passphrase=${passphrase%.}
	chain_mark=$(put_line "$chain_bytes$entry_name" | $hash_tool)
	chain_mark=${chain_mark%% *}
	cd_to_run "$1" "$2" make
	shift 2
	before=$4 holds=$5 from=store
	is_stored "$1" "$before" && ok staged "$stored"
	begin_staging "$1" "$2" "$3" "$before"
	choose_staging
	rm -f "$work/stored-$nth"
	make_store
	put_deployment_file() { cat "$made"; }
	stage_file '' ''
	put_line "$chain_mark" >"$work/stored-$nth"
	ok staged "$new_hash"
}

# A store is never made twice alike: what was made for this chain, and is whole, is what it was. Into $stored.
is_stored() {
	check_words "$1" "$2"
	[ "$(cat "$work/stored-$1" 2>/dev/null)" = "$chain_mark" ] || return 1
	IFS= read -r stored <"$work/new-hash-$1" && IFS= read -r real <"$work/real-$1" || return 1
	staging=$work
	[ ! -e "$work/near-$1" ] || staging=${real%/*}/$staging_name
	hash_of "$staging/next-$1.$stored"
	[ "$hashed" = "$stored" ]
}

# Into $made, from within the folder of the file, whose name from there is $live.
make_store() {
	made=$work/store-made keys=$work/store-key chain=$work/store-chain given_files=$work/store-files
	trap 'drop_made; release_mutex' EXIT
	drop_made
	[ "$store_key" = made ] && key_of_store=$work/key || key_of_store=$keys
	[ "$store_key" = made ] || problem=$( (put_bytes "$key_bytes" >"$keys") 2>&1) || cannot no "$keys"
	problem=$( (put_bytes "$chain_bytes" >"$chain") 2>&1) || cannot no "$chain"
	[ -s "$key_of_store" ] || no no-key "$path"
	case $store_kind in
		pkcs12) make_pkcs12 ;;
		jks) make_by_keytool JKS ;;
		*) no odd-words ;;
	esac
}

drop_made() {
	[ -z "${try-}" ] || end_try
	rm -f "$work/store-made" "$work/store-key" "$work/store-chain" "$work/store-files" "$work/store-seen"
}

# ---- PKCS#12 -----------------------------------------------------------------------------------------------

make_pkcs12() {
	has openssl || no no-tool openssl
	read_pkcs12 || no wrong-passphrase "$path"
	case $key_bags,$trusted in
		1,no) ;;
		0,*) no no-entry "$path" ;;
		*) if find_keytool; then make_by_keytool PKCS12; return; fi; no store-has-more "$path" ;;
	esac
	[ -n "$entry_name" ] || entry_name=$found_name
	export_word=$passphrase
	export_pkcs12 "$made" $protection || no store-not-made "$problem"
}

# By the old one's passphrase: how many keys are in it, under which name, whether it trusts others, and how it is
# protected.
read_pkcs12() {
	legacy=
	openssl_sees '' || { legacy=-legacy; openssl_sees -legacy || return 1; }
	key_bags=$(grep -c -i 'keybag' "$work/store-seen")
	trusted=no
	if grep -q -i -e '2\.16\.840\.1\.113894\.746875' -e 'Trusted key usage' "$work/store-seen"; then trusted=yes; fi
	# What reads an old kind of protection may read no other.
	protection=
	if grep -q -i 'pbeWithSHA1And\|pbeWithSHAAnd' "$work/store-seen"; then
		protection='-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1'
	fi
	found_name=$(put_line "$passphrase" | openssl pkcs12 $legacy -in "$live" -passin stdin -nokeys -clcerts 2>/dev/null |
		sed -n 's/^ *friendlyName: *//p' | head -n 1)
}

# Its certificates only: of keys openssl prints that they are there.
openssl_sees() {
	put_line "$passphrase" | openssl pkcs12 $1 -in "$live" -passin stdin -info -nokeys >"$work/store-seen" 2>&1
}

# export_pkcs12 FILE OPTION...: under $export_word.
export_pkcs12() {
	out=$1
	shift
	[ -z "$entry_name" ] || set -- "$@" -name "$entry_name"
	problem=$(put_line "$export_word" |
		openssl pkcs12 -export "$@" -inkey "$key_of_store" -in "$chain" -passout stdin -out "$out" 2>&1)
}

# ---- By Java's keytool -------------------------------------------------------------------------------------

# Into a copy of the old store, whose other entries stay: `make_by_keytool JKS|PKCS12`.
make_by_keytool() {
	find_keytool || no no-keytool "$path"
	has openssl || no no-tool openssl
	begin_try || cannot no "$try"
	problem=$( (put_line "$passphrase" >"$try/store") 2>&1) || cannot no "$try/store"
	problem=$( (cat "$live" >"$made") 2>&1) || cannot no "$made"
	find_entry || no wrong-passphrase "$path"
	case $entries in
		'') no no-entry "$path" ;;
		*"$nl"*) no store-has-more "$path" ;;
	esac
	entry_name=$entries
	# What the server opens the old key with opens the new one: the store's passphrase, or nothing that we know.
	[ "$1" = PKCS12 ] ||
		run_keytool -certreq -alias "$entry_name" -keystore "$made" \
			-storepass:file "$try/store" -keypass:file "$try/store" ||
		no other-key-passphrase "$path"
	# openssl and Java do not agree on what a passphrase with other letters than ASCII's is: in between it has another.
	export_word=$(openssl rand -hex 24) && problem=$( (put_line "$export_word" >"$try/given") 2>&1) ||
		cannot no "$try/given"
	export_pkcs12 "$given_files" || no store-not-made "$problem"
	run_keytool -importkeystore -noprompt \
		-srckeystore "$given_files" -srcstoretype PKCS12 -srcstorepass:file "$try/given" \
		-srcalias "$entry_name" -destkeystore "$made" -deststoretype "$1" -deststorepass:file "$try/store" \
		-destalias "$entry_name" -destkeypass:file "$try/store" || no store-not-made "$problem"
}

# Java's keytool, into $keytool: of those that nobody but root can have put there, for root runs it.
find_keytool() {
	keytool=
	set +f
	set -- "$(command -v keytool)" /usr/lib/jvm/*/bin/keytool /usr/java/*/bin/keytool \
		/opt/*/bin/keytool /opt/*/*/bin/keytool
	for entry in /proc/[0-9]*/exe; do
		case $(readlink "$entry" 2>/dev/null) in
			*/bin/java) set -- "$@" "$(readlink "$entry" | sed 's/java$/keytool/')" ;;
		esac
	done
	set -f
	for entry do
		entry=$(readlink -f "$entry" 2>/dev/null)
		if [ ! -x "$entry" ] || [ ! -f "$entry" ]; then continue; fi
		read_stat "$entry"
		refusal=
		if [ "$uid" = 0 ] && (check_path "${entry%/*}" && [ "$actor" = 0 ]); then keytool=$entry; return; fi
	done
	return 1
}

# Names of keys in the store, or the one that is looked for, into $entries, one a line.
find_entry() {
	run_keytool -list -keystore "$made" -storepass:file "$try/store" || return 1
	entries=$(put_line "$problem" | sed -n 's/^\(.*\), [A-Z][a-z][a-z] [0-9]*, [0-9]*, PrivateKeyEntry, *$/\1/p')
	[ -z "$entry_name" ] || entries=$(put_line "$entries" | grep -i -x -F -e "$entry_name") || :
}

# Java takes what is in such a file for characters of the locale.
run_keytool() { problem=$(LC_ALL=C.UTF-8 "$keytool" -J-Duser.language=en -J-Duser.country=US "$@" 2>&1 </dev/null); }

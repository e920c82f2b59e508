#!/bin/sh
# Latchkey's collector: says who can log in to this host with which key, and which certificates lie here.
#
#   sh -s -- --nonce N [--login-account NAME] [--login-key SHA256:...] [--sudo]   < collect.sh     (over SSH)
#   sh collect.sh > bundle                                                                        (offline)
#
# It only reads: no temporary file, nothing written on the host, nothing read from standard input. Private keys
# and password hashes never leave the host: of a key the public one, of a password its class. POSIX sh, with
# awk and either coreutils or busybox. It takes a second or so; as root it sees everything.
#
# The stream, one pass to write and to read. What comes before its first line is noise.
#
#   latchkey-collection 1 NONCE
#   KIND LENGTH ENCODING ATTRIBUTE...      one line a record, then LENGTH bytes of payload
#   end COUNT NONCE sha256 DIGEST          of all bytes from the first line on; "none" where no tool can say
#
# Of an offline run, what follows says of which host it is: "host-signature 1" and, for each host key that signs, what
# ssh-keygen -Y sign -n latchkey-host-bundle writes for the line "end ..."; or "host-unsigned WHY".
#
# ENCODING is b64, hex, text, or - without payload; an ATTRIBUTE is name:value with %xx for every byte that is
# not plain. So content can never look like a record, and every byte of a name or a file comes through.
#
# Inside, `collect` prints "@KIND ENCODING ATTRIBUTE..." and lines of payload; `frame` counts, cuts and signs.
# Records gather until some kilobytes are there or `collect` says "@leave", as it does before whatever may take long.

main() {
	prepare_shell
	# Filled in where a collector is handed out, so that what it writes is known to come from that one.
	handed=''
	nonce='' login_key='' login_account='' how=login is_offline=no
	while [ $# -gt 0 ]; do
		case $1 in
			--nonce) nonce=${2-}; [ $# -lt 2 ] || shift ;;
			--login-key) login_key=${2-}; [ $# -lt 2 ] || shift ;;
			--login-account) login_account=${2-}; [ $# -lt 2 ] || shift ;;
			--sudo) how=sudo ;;
		esac
		shift
	done
	case $nonce in
		'' | *[!A-Za-z0-9._-]*)
			is_offline=yes
			nonce=$(od -An -v -N16 -tx1 /dev/urandom | tr -d ' \n')
			[ -n "$nonce" ] || nonce=$$-$(date +%s)
			nonce=${handed:+$handed-}$nonce
			;;
	esac
	if ! has awk || ! has od; then
		printf '\nlatchkey-collection 1 %s\nunread 0 - kind:limit path:awk why:no-tool\nend 1 %s none\n' "$nonce" "$nonce"
		return
	fi
	if [ $is_offline = yes ]; then collect_signed; else collect | frame; fi
}

# Whatever the login left behind - options, aliases, functions, locale, PATH - shall not matter.
prepare_shell() {
	set +e +u +x +v +C +a
	set -f
	exec 2>/dev/null
	IFS=' 	
'
	nl='
'
	LC_ALL=C LANG=C
	PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin:${PATH-}
	export LC_ALL LANG PATH
	unset TZ CDPATH ENV BASH_ENV GREP_OPTIONS POSIXLY_CORRECT TIME_STYLE QUOTING_STYLE LS_COLORS OPENSSL_CONF
	for tool in awk base64 bzip2 cat chage cut date dd env find getent grep gzip head id journalctl klist \
		lastlog lastlog2 ls od getconf openssl passwd readlink sed sha256sum shasum sqlite3 ssh ssh-keygen sshd \
		stat tail timeout tr uname wtmpdb xz zstd printf read echo test cd set shift unset export command kill \
		wait; do
		unset -f "$tool"
	done
	MIB=1048576
}

has() { command -v "$1" >/dev/null; }

collect() {
	begun=$(date +%s) may_stop=no silent_mounts= closed_mounts= key_form=plain
	if timeout -s KILL 5 true; then may_stop=yes; fi
	has base64 && encoding=b64 || encoding=hex
	my_uid=$(id -u) my_name=$(id -un) held_path= held= as_uid= named_uid= uid_name=
	prepare_reading
	for part in host accounts sshd_config grants host_keys homes listeners certificates reach workloads logs; do
		read_$part
		leave
	done
	printf '@done\n'
}

leave() { printf '@leave\n'; }

main "$@" </dev/null

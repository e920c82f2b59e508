# Mail servers: a certificate of theirs is tried, and read again. What each has: servers-common.sh.

# ---- Postfix -----------------------------------------------------------------------------------------------

# Its configuration test reads no certificate. What reads one is in a library of its own, which posttls-finger uses,
# too.
try_postfix() {
	has posttls-finger || { untried 'without posttls-finger Postfix has no test of a certificate'; return; }
	begin_try || return 2
	# Files that do not belong together have to be noticed, or nothing is shown by the silence about those that do.
	make_empty "$try/empty" || { end_try; message=$problem; return 2; }
	if finger "$1" "$try/empty"; then result=2 message='posttls-finger notices nothing'
	elif finger "$1" "$2"; then result=0 message='posttls-finger reads certificate and key'
	else result=1
	fi
	end_try
	return $result
}

# It reads the certificate before it finds that there is nowhere to connect to.
finger() {
	capture_message posttls-finger -c -k "$1" -K "$2" 'unix:/nonexistent'
	case $message in *'disabling TLS support'* | *'TLS library problem'* | *'annot '* | *'rror '*) return 1 ;; esac
}

# master of a running Postfix, into $mains; whatever else has that name is none.
find_postfix() {
	find_mains master
	found=
	for pid in $mains; do
		is_hosts "$pid" master && [ "$as_uid" = 0 ] || continue
		case $program in */postfix/*) found="$found $pid" ;; esac
	done
	mains=$found
	[ -n "$mains" ] || { message='no Postfix runs on this host'; return 1; }
}

# The folder of the configuration of process $1, into $folder_of_config.
find_postfix_folder() {
	word_after "$1" -c
	folder_of_config=$found_word
	[ -n "$folder_of_config" ] ||
		folder_of_config=$(tr '\0' '\n' <"/proc/$1/environ" 2>/dev/null | sed -n 's/^MAIL_CONFIG=//p' | head -n 1)
	[ -n "$folder_of_config" ] || folder_of_config=/etc/postfix
}

how_postfix() { find_postfix && how_by_unit; }

# A process of Postfix reads the certificate once. Those that serve somebody go on with the old one until they are
# done.
read_again_postfix() {
	find_postfix || return 1
	for pid in $mains; do
		find_postfix_folder "$pid"
		is_roots_path "$folder_of_config" ||
			{ message="its configuration $folder_of_config can be changed by others"; return 1; }
		make_maps "$1" "$2" || return 1
		reload_by "$pid" soon postfix -c "$folder_of_config" reload || return 1
	done
}

# Tables by which names get certificates of their own have their files' content in them, keys and all: made anew where
# the text that they are made of names one of these files.
make_maps() {
	for map in $(postconf -c "$folder_of_config" -xh tls_server_sni_maps 2>/dev/null | tr ',' ' '); do
		case $map in texthash:* | inline:*) continue ;; *:/*) ;; *) continue ;; esac
		names_one "${map#*:}" "$1" "$2" || continue
		capture_message postmap -c "$folder_of_config" -F "$map" || return 1
	done
}

names_one() {
	[ -f "$1" ] || return 1
	[ -n "$2$3" ] || return 0
	for word in $(grep -v '^[ 	]*#' "$1" | tr ',' ' '); do
		if [ "$word" -ef "$2" ] || [ "$word" -ef "$3" ]; then return 0; fi
	done
	return 1
}

# ---- Dovecot -----------------------------------------------------------------------------------------------

find_dovecot() {
	find_mains dovecot
	found=
	for pid in $mains; do
		is_hosts "$pid" dovecot && [ "$as_uid" = 0 ] && found="$found $pid"
	done
	mains=$found
	[ -n "$mains" ] || { message='no Dovecot runs on this host'; return 1; }
}

# It has no test of a certificate: so a second Dovecot is started that has nothing but these files and a socket in a
# folder of its own, and its certificate is read by a handshake.
try_dovecot() {
	find_dovecot || { untried "$message"; return; }
	has openssl && has timeout || { untried 'Dovecot cannot be tried without openssl and timeout'; return; }
	for pid in $mains; do recall_process "$pid"; done
	find_dovecot_part || { untried 'Dovecot has no part here that could be tried alone'; return; }
	begin_try || return 2
	chmod 755 "$try"
	copy_certificate "$1" "$2" && write_dovecot || { end_try; message='the try could not be written'; return 2; }
	timeout 30 "$program" -F -c "$try/dovecot.conf" >"$try/log" 2>&1 </dev/null &
	second=$!
	result=2
	if wait_for 100 second_listens "$try/run/try"; then
		if serves "$try/run/try" "$starttls" "$1"; then result=0; else result=1; fi
	fi
	kill "$second" 2>/dev/null
	wait "$second"
	message=$(grep -e 'SSL' -e 'TLS' -e atal "$try/log" | grep -v -e 'TLS, session' | tail -n 2 |
		sed 's/^.*\(Error\|Fatal\|Warning\): //; s/: user=.*//' | tr '\n' ' ' | tail -c 400)
	case $result,$message in
		0,*) message='a second Dovecot presents the certificate' ;;
		2,*) message="a second Dovecot could not be started: $message" ;;
		1,'') result=2 message='a second Dovecot says nothing' ;;
		1,*'ermission denied'*) result=2 ;;
	esac
	end_try
	return $result
}

second_listens() { [ -S "$1" ] || ! kill -0 "$second" 2>/dev/null; }

# A part that speaks TLS on a socket of the file system: $part_of_dovecot is what serves it, $protocol what it is
# called in the settings.
find_dovecot_part() {
	for parts in /usr/lib/dovecot /usr/libexec/dovecot /usr/local/libexec/dovecot; do
		if [ -x "$parts/lmtp" ]; then protocol=lmtp part_of_dovecot=lmtp starttls=lmtp; return; fi
		if [ -x "$parts/imap-login" ]; then protocol=imap part_of_dovecot=imap-login starttls=imap; return; fi
		if [ -x "$parts/pop3-login" ]; then protocol=pop3 part_of_dovecot=pop3-login starttls=pop3; return; fi
	done
	return 1
}

write_dovecot() {
	version=$("$program" --version 2>/dev/null)
	mkdir -m 755 "$try/run" && mkdir -m 700 "$try/state" || return 1
	listeners=
	[ $protocol = lmtp ] ||
		listeners="inet_listener $protocol { ${nl}port = 0$nl}${nl}inet_listener ${protocol}s {${nl}port = 0$nl}"
	case $version in
		2.[4-9]*)
			names="ssl_server_cert_file = $try_chain${nl}ssl_server_key_file = $try_key"
			head="dovecot_config_version = 2.4.0${nl}dovecot_storage_version = 2.4.0"
			settings="mail_driver = maildir${nl}mail_path = $try/mail"
			passwords="passdb static {${nl}password = none$nl}"
			;;
		2.*)
			names="ssl_cert = <$try_chain${nl}ssl_key = <$try_key" head=
			settings="mail_location = maildir:$try/mail"
			passwords="passdb {${nl}driver = static${nl}args = password=none$nl}"
			;;
		*) return 1 ;;
	esac
	cat >"$try/dovecot.conf" <<-END
		$head
		base_dir = $try/run
		state_dir = $try/state
		log_path = /dev/stderr
		protocols = $protocol
		listen = 127.0.0.1
		$settings
		ssl = yes
		$names
		$passwords
		service $part_of_dovecot {
		chroot =
		$listeners
		unix_listener try {
		mode = 0600
		}
		}
	END
}

how_dovecot() { find_dovecot && how_by_unit; }

# It keeps what it had where it cannot read its configuration or a file that is named there, and says so in its log
# alone.
read_again_dovecot() {
	find_dovecot || return 1
	for pid in $mains; do
		word_after "$pid" -c
		config_of=$found_word
		[ -z "$config_of" ] || is_roots_path "$config_of" ||
			{ message="its configuration $config_of can be changed by others"; return 1; }
		read_complaints
		last_before=$last_reload
		if [ -n "$config_of" ]; then reload_by "$pid" soon doveadm -c "$config_of" reload || return 1
		else reload_by "$pid" soon doveadm reload || return 1
		fi
		# It gets a signal, and keeps its last complaints for whoever asks.
		wait_for 20 dovecot_has_read || :
		wait_for 1 false || :
		read_complaints
		[ -z "$complaints" ] || { message=$complaints; return 1; }
	done
}

dovecot_has_read() { read_complaints; [ "$last_reload" != "$last_before" ]; }

# When it was last reloaded, into $last_reload; what it could not read since, into $complaints.
read_complaints() {
	set -- ${config_of:+-c "$config_of"} log errors
	log=$(doveadm "$@" 2>/dev/null </dev/null | tail -n 400)
	last_reload=$(put_line "$log" | grep 'SIGHUP received' | tail -n 1)
	complaints=$(put_line "$log" | sed -n '/SIGHUP received/{s/.*//;h;d;};/ Error: master: .*config/H;${x;p;}' |
		tr -s '\n' ' ' | tail -c 400)
	complaints=${complaints# }
}

# ---- As servers.sh asks -----------------------------------------------------------------------------------

test_postfix() { try_server "$@"; }
reload_postfix() { reload_by_own "$@"; }
test_dovecot() { try_server "$@"; }
reload_dovecot() { reload_by_own "$@"; }

# What a session does about the sshd that it came in by: its configuration, its host keys, and having it read
# both again. Root only. Read after session/, lib/ and facts.sh.

need_root() {
	[ "$my_uid" = 0 ] || no not-owner 0
	has sshd || no unknown-request
	find_daemon || no strange-config "$daemon_config"
}

# daemon: files of the configuration in the order in which sshd reads them, why it would not take them, host keys as it
# uses them, names that are taken.
do_daemon() {
	need_root
	list_config "$daemon_config" 0 | while IFS= read -r config_file; do report config "$config_file"; done
	test_config || report problem "$problem"
	settings=$(run_sshd -T 2>/dev/null) || settings=
	put_line "$settings" | while read -r keyword path; do
		[ "$keyword" = hostkey ] || continue
		printed=$(ssh-keygen -E sha256 -l -f "$path" 2>/dev/null) || continue
		kind=$(ssh-keygen -y -P '' -f "$path" 2>/dev/null) || kind=
		set -- $printed
		printed=$2
		set -- $kind
		report hostkey "$path" "${1-}" "$printed" "${2-}"
	done
	set +f
	for entry in /etc/ssh/ssh_host_*; do
		if [ -e "$entry" ]; then report taken "$entry"; fi
	done
	set -f
	report listener "$listener"
	ok seen
}

# Whether sshd would take its configuration as it is now; else $problem says why not.
test_config() { problem=$(run_sshd -t 2>&1); }

# reload: sshd reads its configuration again; sessions go on. One that it would not take ends sshd: so it is tried
# first.
do_reload() {
	need_root
	test_config || no bad-config "$problem"
	[ -n "$listener" ] || ok each-login
	kill -HUP "$listener" || no not-permitted
	ok told
}

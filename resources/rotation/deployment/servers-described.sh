# Whatever the user has described.

# The user's own command, which finds what is staged under the names of what is in use.
test_described() {
	[ -n "$own_test" ] || found untested 'no test was described'
	limit_time 100
	in_view $limit sh -s <<-END
		$own_test
	END
	case $rc in
		0) found passed "$message" ;;
		97) found untested 'this host has no mount namespaces to test staged files in' ;;
		126 | 127) found untested "the described test cannot be run: $message" ;;
		*) found failed "$message" ;;
	esac
}

how_described() { reload_kind=command; }

# By standard input, for the words of a process can be read by everybody.
reload_described() {
	limit_time 100
	run_limited $limit sh -s <<-END
		$own_reload
	END
	[ $rc = 0 ] || found not-reloaded "$message"
	found reloaded "$message"
}

limit_time() {
	limit=
	if has timeout; then limit="timeout $1"; fi
}

# Whatever the user has described.

# The user's own command, which finds what is staged under the names of what is in use.
test_described() {
	[ -n "$own_test" ] || found untested 'no test was described'
	limit_time 100
	in_view $limit sh -s <<-END
		$own_test
	END
	case $rc in
		0) found passed "$said" ;;
		97) found untested 'this host lets nobody look at its files by another view' ;;
		126 | 127) found untested "the described test cannot be run: $said" ;;
		*) found failed "$said" ;;
	esac
}

how_described() { told_by=command; }

# By standard input, for the words of a process can be read by everybody.
reload_described() {
	limit_time 100
	hear $limit sh -s <<-END
		$own_reload
	END
	[ $rc = 0 ] || found not-reloaded "$said"
	found reloaded "$said"
}

limit_time() {
	limit=
	if has timeout; then limit="timeout $1"; fi
}

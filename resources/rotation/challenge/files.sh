# A file in the folder that a web server serves, and the folders that were made for it.

# Follows all links of $1: the deepest folder that is there, into $real, and what is missing behind it, into $missing.
# Whoever owns that folder writes there, so each link has to be theirs or root's: $owners.
follow() {
	left=${1#/}/ walked= missing= owners=' ' followed=0 real=
	while [ -n "${left%/}" ]; do
		step=${left%%/*} left=${left#*/}
		case $step in
			'' | .) continue ;;
			..) walked=${walked%/*}; continue ;;
		esac
		read_stat "$walked/$step"
		case $mode in
			d*) walked=$walked/$step ;;
			l*)
				owners="$owners$uid "
				followed=$((followed + 1))
				goal=$(readlink "$walked/$step" 2>/dev/null) && [ $followed -lt 16 ] ||
					{ refuse linked-folder "$walked/$step"; return 1; }
				case $goal in /*) walked= ;; esac
				left=${goal#/}/$left
				;;
			'') missing=$step/${left%/} missing=${missing%/}; break ;;
			*) refuse no-folder "$walked/$step"; return 1 ;;
		esac
	done
	real=${walked:-/}
	if is_odd "$1$real"; then refuse odd-path "$1"; return 1; fi
	read_stat "$real"
	actor=$uid
	for owner in $owners; do
		case $owner in 0 | "$actor") ;; *) refuse linked-folder "$1"; return 1 ;; esac
	done
}

# step_in FOLDER: no link is on the path, and nobody puts one there: from here on by relative names.
step_in() {
	cd -P -- "$1" 2>/dev/null || no no-folder "$1"
	[ "$(pwd -P)" = "$1" ] || no linked-folder "$1"
}

# As the owner of $real, or as ourselves where we may write there anyway.
act_as_owner() {
	[ "$actor" = "$my_uid" ] && return
	if [ "$my_uid" != 0 ] && [ -w "$real" ]; then return; fi
	become "$actor"
}

# challenge_put FOLDER site|challenges RUN ID NAME TEXT: a file of that name and text is where the site has
# /.well-known/acme-challenge/, which FOLDER is itself ("challenges") or has in it.
do_challenge_put() {
	run=$3 id=$4 name=$5 text=$6 refusal=
	check_words "$run" "$id"
	check_challenge "$name" "$text"
	case $1 in /*) ;; *) no odd-path "$1" ;; esac
	case $2 in
		site) below=.well-known/acme-challenge ;;
		challenges) below= ;;
		*) no odd-words ;;
	esac
	follow "$1${below:+/$below}" || no "$refusal" "$detail"
	case $missing in '' | "$below" | "${below#*/}") ;; *) no no-folder "$1" ;; esac
	[ -n "$hash_tool" ] || no no-hash-tool
	text_hash=$(put_bytes "$text" | $hash_tool)
	text_hash=${text_hash%% *}
	[ $by_root = yes ] || write_down
	act_as_owner
	step_in "$real"
	part= made=
	make_missing
	put_challenge
	ok put "$real${missing:+/$missing}/$name"
}

# Who comes first writes down which folders were not there: whoever ends last takes them away.
write_down() {
	make_run_folder
	challenge_folder=$real${missing:+/$missing} made=$missing
	[ -n "$made" ] || made=$(made_for "$challenge_folder")
	part=$records/$id.part
	find_sync "$records"
	problem=$({
		put_line "$challenge_folder" && put_line "$name" && put_line "$text_hash" && put_line "$made"
	} 2>&1 >"$part") ||
		cannot no "$part"
	sync_file "$part"
	problem=$(mv -f "$part" "$records/$id.file" 2>&1) || cannot no "$records/$id.file"
	part=
}

# Of other challenges in the same folder.
made_for() {
	set +f
	for record in "$challenges"/*/*.file; do
		{ IFS= read -r other_place && IFS= read -r _ && IFS= read -r _ && IFS= read -r other_made; } <"$record" || continue
		if [ "$other_place" = "$1" ] && [ -n "$other_made" ]; then put_line "$other_made"; break; fi
	done 2>/dev/null
	set -f
}

make_missing() {
	left=${missing:+$missing/} here=${real%/}
	while [ -n "$left" ]; do
		step=${left%%/*} left=${left#*/} here=$here/$step
		if problem=$(umask 022; mkdir "./$step" 2>&1); then made="$step $made"; label "./$step"
		elif [ ! -d "./$step" ]; then why_of "$problem"; give_up "$why" "$problem"
		fi
		cd -P "./$step" 2>/dev/null && [ "$(pwd -P)" = "$here" ] || give_up linked-folder "$here"
	done
}

# Nothing of this one try stays. We are in the deepest of the folders that were made.
give_up() {
	drop_part
	part=
	for step in $made; do
		case $(pwd -P) in */"$step") cd .. && rmdir "./$step" 2>/dev/null ;; *) rmdir "./$step" 2>/dev/null ;; esac
	done
	no "$@"
}

put_challenge() {
	read_stat "./$name"
	case $mode in
		'') ;;
		-*)
			hash_of "./$name"
			[ "$hashed" = "$text_hash" ] || give_up path-occupied "$(pwd -P)/$name"
			ok already "$(pwd -P)/$name"
			;;
		*) give_up path-occupied "$(pwd -P)/$name" ;;
	esac
	part=./.latchkey-$run-$id
	rm -f "$part" 2>/dev/null
	problem=$( (set -C; umask 022; put_bytes "$text" >"$part") 2>&1) || { why_of "$problem"; give_up "$why" "$problem"; }
	label "$part"
	# Never over what somebody has put there meanwhile.
	if ! ln "$part" "./$name" 2>/dev/null; then
		[ ! -e "./$name" ] && [ ! -L "./$name" ] || give_up path-occupied "$(pwd -P)/$name"
		problem=$(mv "$part" "./$name" 2>&1) || { why_of "$problem"; give_up "$why" "$problem"; }
	fi
	rm -f "$part"
	part=
	hash_of "./$name"
	[ "$hashed" = "$text_hash" ] || fail not-there "$hashed"
}

# challenge_drop FOLDER NAME HASH MADE RUN ID: the file is gone if it is ours, and the folders that were made for it,
# once nothing is in them.
do_challenge_drop() {
	name=$2 text_hash=$3 made=$4 run=$5 id=$6 refusal=
	check_words "$text_hash" "$run" "$id"
	check_challenge "$name"
	case $made in '' | .well-known/acme-challenge | acme-challenge) ;; *) no odd-words ;; esac
	case $1 in /*) ;; *) no odd-path "$1" ;; esac
	follow "$1" || no "$refusal" "$detail"
	[ $followed = 0 ] || no linked-folder "$1"
	act_as_owner
	step_in "$real"
	if [ -z "$missing" ]; then drop_file; fi
	# Of folders that are gone already, the outer one may still be there.
	left=$made here=$1
	while [ -n "$left" ]; do
		[ "$(pwd -P)" != "$here" ] || { cd .. && rmdir "./${here##*/}" 2>/dev/null; }
		here=${here%/*}
		case $left in */*) left=${left%/*} ;; *) left= ;; esac
	done
	ok dropped
}

drop_file() {
	rm -f "./.latchkey-$run-$id" 2>/dev/null
	read_stat "./$name"
	[ -n "$mode" ] || return
	hash_of "./$name"
	[ "$hashed" = "$text_hash" ] || return
	problem=$(rm -f "./$name" 2>&1)
	is_gone "./$name" || fail "$why" "$problem"
}

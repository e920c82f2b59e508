# The files of a deployment become the new ones or what they were, by us or by the host's own timer; then nothing of
# the run is left.

# ---- Changing ---------------------------------------------------------------------------------------------

# What a replacement has left that was interrupted: each gets the name of what it is.
settle_file() {
	rm -f "$staging/part-$nth"
	set +f
	for entry in "$staging/next-$nth".* "$staging/held-$nth".*; do
		[ -e "$entry" ] || continue
		if [ "$entry" -ef "$live" ]; then rm -f "$entry"; continue; fi
		hash_of "$entry"
		[ "$hashed" != "${entry##*.}" ] || continue
		case $hashed in
			"$before") $move "$entry" "$staging/held-$nth.$before" ;;
			"${after-}") $move "$entry" "$staging/next-$nth.$after" ;;
			*) set -f; no late-edit "$folder/$name" ;;
		esac
	done
	set -f
}

# Goes by all files first; then by all once more, doing.
#   replace_all swap|back FILES...
replace_all() {
	how=$1 undone=0 replaced=
	shift
	for round in check replace; do
		for_files replace_one "$@"
	done
	[ $undone -gt 0 ]
}

for_files() {
	each=$1
	shift
	while [ $# -ge 5 ]; do
		$each "$1" "$2" "$3" "$4" "$5"
		shift 5
	done
}

replace_one() {
	before=$4 after=$5
	check_words "$before" "$after"
	cd_to_file "$1" "$2" "$3"
	[ $round = replace ] || settle_file
	case $how in
		swap) old=$before new=$after in=$staging/next-$nth.$after out=$staging/held-$nth.$before ;;
		back) old=$after new=$before in=$staging/held-$nth.$before out=$staging/next-$nth.$after ;;
	esac
	hash_of "$live"
	[ "$hashed" != "$new" ] || return 0
	[ "$hashed" = "$old" ] || fail_changed "$hashed"
	hash_of "$in"
	[ "$hashed" = "$new" ] || no not-staged "$path"
	if [ $how = swap ]; then
		read_stat "$live"
		kind=$mode,$uid,$gid
		read_stat "$in"
		[ "$kind" = "$mode,$uid,$gid" ] || fail_changed "$old"
	fi
	undone=$((undone + 1))
	[ $round = replace ] || return 0
	replace_file
	for word in "$1" "$2" "$3" "$4" "$5"; do quote "$word"; replaced="$replaced $quoted"; done
}

# All or none: what was replaced already is replaced back.
fail_changed() {
	changed_path=$path
	if [ $round = replace ] && [ -n "$replaced" ]; then
		case $how in swap) again=back ;; back) again=swap ;; esac
		part=
		eval "(cd / && round=check && replace_all $again $replaced)" >/dev/null
	fi
	no changed "$changed_path" "$1"
}

# $in becomes the file, and what was that becomes $out.
replace_file() {
	if [ -n "$exchange" ] && $exchange "$in" "$live" 2>/dev/null; then
		problem=$($move "$in" "$out" 2>&1) || out=$in
	else
		rm -f "$out"
		ln "$live" "$out" 2>/dev/null || copy_whole "$live" "$out"
		problem=$($move "$in" "$live" 2>&1) || { why_of "$problem"; rm -f "$out"; fail "$why" "$problem"; }
	fi
	hash_of "$out"
	if [ -n "$hashed" ] && [ "$hashed" != "$old" ]; then
		# Somebody wrote at the same moment: theirs is the file again.
		theirs=$hashed
		$move "$out" "$live" 2>/dev/null || fail late-edit "$path"
		sync_staging
		fail_changed "$theirs"
	fi
	sync_staging || { why_of "$problem"; fail "$why" "$problem"; }
	hash_of "$live"
	[ "$hashed" = "$new" ] || fail not-there "$path"
}

# deployment_install TOKEN ID FILES...
do_deployment_install() {
	cd_to_run "$1" "$2"
	shift 2
	acquire_mutex 20
	# Nothing would put these back any more.
	if has_fired; then no fired; fi
	if replace_all swap "$@"; then ok swapped; else ok already; fi
}

# deployment_rollback TOKEN ID FILES...
do_deployment_rollback() {
	cd_to_run "$1" "$2"
	shift 2
	acquire_mutex "${mutex_seconds:-20}"
	if replace_all back "$@"; then ok back; else ok already; fi
}

# deployment_end TOKEN ID: nothing but the files in use is left.
do_deployment_end() {
	check_words "$1" "$2"
	find_store
	read_stat "$store/$1/$2"
	[ -n "$mode" ] || end_store "$1" "$2"
	cd_to_run "$1" "$2"
	acquire_mutex 20
	set +f
	for entry in armed-*; do [ ! -e "$entry" ] || no armed "$entry"; done
	for entry in real-*; do
		[ -e "$entry" ] || continue
		IFS= read -r real <"$entry" || continue
		end_file "${entry#real-}"
		cd "$work" || fail io-error
	done
	set -f
	# All of it at once: a part of what is known here would lead astray. What an end has left that was ended itself goes
	# first.
	problem=$(cd / && rm -rf "$store/$1/gone-$2" 2>&1)
	problem=$($move "$work" "$store/$1/gone-$2" 2>&1) || { why_of "$problem"; fail "$why" "$problem"; }
	end_store "$1" "$2"
}

end_store() {
	cd /
	problem=$(rm -rf "$store/$1/gone-$2" 2>&1)
	is_gone "$store/$1/gone-$2" || fail "$why" "$problem"
	drop_tries "$1"
	rmdir "$store/$1" "$store" 2>/dev/null
	ok ended
}

# What a try that was killed has left, wherever there was room for one: of /tmp, where anybody may write, nothing of
# others.
drop_tries() {
	for base in /run /var/run /tmp; do
		read_stat "$base/latchkey-try-$1-deployment"
		case $mode,$uid in d*,"$my_uid") ;; *) continue ;; esac
		problem=$(rm -rf "$base/latchkey-try-$1-deployment" 2>&1)
		is_gone "$base/latchkey-try-$1-deployment" || fail "$why" "$problem"
	done
}

end_file() {
	folder=${real%/*} name=${real##*/}
	if [ -e "near-$1" ]; then
		# Whoever may write there by now: a staging folder is known by its own name, owner and mode.
		if cd -P -- "${folder:-/}" 2>/dev/null; then drop_near_staging
		else
			read_stat "${folder:-/}"
			[ -z "$mode" ] || fail no-folder "$folder"
		fi
	fi
	lock=$store/held-$(hash_word "$real")
	[ "$(readlink "$lock" 2>/dev/null)" = "$run" ] || return 0
	problem=$(rm -f "$lock" 2>&1)
	is_gone "$lock" || fail "$why" "$problem"
}

drop_near_staging() {
	folder=$(where_we_are)
	folder=${folder%/}
	cd_to_near_staging
	[ "$staging" = . ] || return 0
	problem=$(rm -f ./part-* ./next-* ./held-* 2>&1)
	# shellcheck disable=SC2164 # Where that fails rmdir does, and says it.
	cd -P -- ..
	problem=$problem$(rmdir "./$staging_name" 2>&1)
	is_gone "./$staging_name" || fail "$why" "$problem"
	sync_folder
}

# ---- The rollback timer -----------------------------------------------------------------------------------

# deployment_arm TOKEN ID WAY SECONDS COUNT SERVERS... FILES...: unless disarmed in so many seconds, files that were
# swapped are back by then, and these servers (four words each) were reloaded. The library that we are is what does it.
do_deployment_arm() {
	cd_to_run "$1" "$2"
	token=$1 deployment=$2 timer_kind=$3 seconds=$4
	check_words "$seconds" "$5"
	acquire_mutex 20
	shift 4
	arm_library "fire_deployment $token $deployment" "$@"
}

# arm_library FIRE WORDS...: in the staging folder of $token and $deployment, unless disarmed in $seconds, the library
# that we are does FIRE, with this generation of the timer and these words.
arm_library() {
	[ -n "${session_library-}" ] || no no-library
	folder=$work work=. fire=$1
	shift
	disarm_all
	set +f
	rm -f fired-deployment.*
	set -f
	gen=$(date +%s)x$$
	revert=revert-deployment.$gen.sh part=part-revert
	words=
	for word do
		quote "$word"
		words="$words $quoted"
	done
	quote "$folder"
	problem=$({
		put_line "$session_library"
		put_line '#session-ends'
		put_line "session_prepare; nonce=- seq=0 by_root=no; cd $quoted || exit"
		# For what hands the library on. No line of the library is that one: it would have ended it.
		put_line "session_library=\$(sed '/^#session-ends\$/,\$d' $revert)"
		put_line "$fire $gen$words"
	} 2>&1 >"$part") && sync_file "$part" && $move "$part" "$revert" || cannot no "$folder/$part"
	part=
	problem=$( (put_line "$timer_kind" >"armed-deployment.$gen") 2>&1) || cannot no "$folder/armed-deployment.$gen"
	case $timer_kind in
		sleep) { has setsid || has nohup; } && start_sleep ;;
		at) start_at ;;
		systemd-run)
			# What a server's reload leaves running stays when all were reloaded.
			problem=$(systemd-run --quiet --on-active="$seconds" \
				--timer-property=AccuracySec=1s --property=KillMode=process \
				--unit="latchkey-$token-$deployment-$gen" /bin/sh "$folder/$revert" 2>&1)
			;;
		*) rm -f "armed-deployment.$gen"; no odd-words ;;
	esac || { rm -f "armed-deployment.$gen"; no no-rollback-timer "$timer_kind"; }
	sync_folder
	ok armed
}

# deployment_disarm TOKEN ID: that it has fired is said until it is armed anew.
do_deployment_disarm() {
	check_words "$1" "$2"
	find_store
	read_stat "$store/$1/$2"
	[ -n "$mode" ] || ok disarmed
	cd_to_run "$1" "$2"
	deployment=$2 work=.
	disarm_all
	set -- $disarmed
	while [ $# -ge 2 ]; do
		[ "$1" != systemd-run ] || systemctl stop "latchkey-$run-$deployment-$2.timer" >/dev/null 2>&1
		shift 2
	done
	if has_fired; then
		# Of what could not be rolled back it says why.
		IFS= read -r said <"$fired" || said=
		case $said in 'gave-up '*) no fired "${said#gave-up }" ;; esac
		no fired
	fi
	ok disarmed
}

has_fired() {
	fired=
	set +f
	for entry in "$work"/fired-deployment.*; do [ ! -e "$entry" ] || fired=$entry; done
	set -f
	[ -n "$fired" ]
}

# fire_deployment TOKEN ID GEN COUNT SERVERS... FILES...: whoever takes armed-deployment away first, decides.
fire_deployment() {
	mv "armed-deployment.$3" "fired-deployment.$3" || exit
	token=$1 deployment=$2 server_count=$4 at=0 mutex_seconds=600
	shift 4
	files_of "$server_count" "$@"
	eval "(do_deployment_rollback $token $deployment $files)"
	while [ $at -lt "$server_count" ]; do
		quote "$1"; service=$quoted
		for word in "$2" "$3" "$4"; do quote "$word"; service="$service $quoted"; done
		eval "(do_deployment_reload $service $files)"
		shift 4
		at=$((at + 1))
	done
} >/dev/null 2>&1

# What is behind the words of $1 servers, as words of the shell: $files.
files_of() {
	skip=$(($1 * 4)) files=
	shift
	while [ $skip -gt 0 ]; do shift; skip=$((skip - 1)); done
	for word do
		quote "$word"
		files="$files $quoted"
	done
}

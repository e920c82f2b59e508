# Carries out the part of a plan that is about one host, there, by whoever has carried this script to it. It follows the
# hand's library and the data of the plan (functions each_file, with_pieces and say_refusal), and asks at its standard input
# whether the new key logs in: nobody else could tell. Run again after it was ended, it goes on from what it finds.
#
#   sh SCRIPT                 does it, and writes latchkey-result-TOKEN.txt into the folder where it is run
#   sh SCRIPT --check         only looks
#   sh SCRIPT --signer WHO    first sees whether WHO has signed it, in SCRIPT.sig, and does nothing otherwise: a fingerprint
#                             (SHA256:...), a .pub file or a file of allowed signers
#   sh SCRIPT --sign KEY      signs the result with this key
#   sh SCRIPT --now           removes old lines though the days of grace are not over
#   sh SCRIPT --back          takes out again what a script that adds lines, and no more, has added

carry() {
	read_options "$@"
	hand_prepare
	nonce=carried seq=0 by_root=no began=$(date +%s) outcome=failed why= left= late= kept= at=
	put_line "plan $carry_plan for $carry_host"
	[ -z "$carry_told" ] || put_line "$carry_told"
	check_signature
	check_day
	look_all
	if [ -n "$why" ]; then
		put_line "nothing was changed: $why" >&2
		[ -z "$kept" ] || outcome=needs-attention
		finish
		exit 1
	fi
	if [ -n "$only_looks" ]; then put_line 'nothing is in the way; nothing was changed'; exit 0; fi
	if [ -n "$goes_back" ]; then go_back
	elif [ "$all_done" = yes ]; then at=${carry_phases##* }; else do_phases; fi
	[ -n "$why$goes_back" ] || case " $carry_phases " in *' commit '*) outcome=committed ;; *) outcome='done' ;; esac
	end_all
	finish
	[ -z "$holder_path" ] || forget_key
	case $goes_back$outcome in committed | 'done' | yesrolled-back) ;; *) exit 1 ;; esac
}

read_options() {
	only_looks= signer= sign_key= is_now= goes_back=
	while [ $# -gt 0 ]; do
		case $1 in
			--check) only_looks=yes ;;
			--now) is_now=yes ;;
			--back) goes_back=yes ;;
			--signer) signer=${2:?WHO is missing}; shift ;;
			--sign) sign_key=${2:?KEY is missing}; shift ;;
			*) echo "usage: sh $0 [--check] [--signer SHA256:...|FILE] [--sign KEY] [--now] [--back]" >&2; exit 2 ;;
		esac
		shift
	done
	case $goes_back$carry_phases in
		yesadd) ;;
		yes*) echo "nothing was done: only a script that adds lines, and no more, takes them out again (this one: $carry_phases)" >&2; exit 2 ;;
	esac
}

# By the clock of this host.
check_day() {
	[ "$carry_not_before" -gt "$(date +%s)" ] || return 0
	early="the days of grace are over on $carry_not_before_said: run it from then on, or with --now"
	[ -n "$is_now" ] || [ -n "$only_looks" ] || refuse_script "$early"
	[ -z "$only_looks" ] || put_line "$early"
}

# ---- Who has signed it ------------------------------------------------------------------------------------

# It keeps out what was damaged or exchanged on its way. Whoever may have altered this very check runs ssh-keygen first.
check_signature() {
	signature=$0.sig
	if [ -z "$signer" ]; then
		if [ -f "$signature" ]; then put_line 'who signed this script was not checked (--signer does)'
		else put_line 'this script is not signed'
		fi
		return
	fi
	has ssh-keygen || refuse_script 'this host has no ssh-keygen to check its signature with'
	[ -f "$signature" ] || refuse_script "there is no $signature"
	is_signed || refuse_script "$signature is no signature of it by $signer"
	put_line "signed by $signer"
}

refuse_script() { put_line "nothing was done: $1" >&2; exit 2; }

is_signed() {
	case $signer in
		SHA256:*) is_signed_by "$signer"; return ;;
		*) [ -f "$signer" ] && [ -r "$signer" ] || refuse_script "$signer cannot be read" ;;
	esac
	read -r word _ <"$signer"
	case $word in
		ssh-* | ecdsa-* | sk-*)
			set -- $(ssh-keygen -l -f "$signer" 2>/dev/null)
			is_signed_by "${2:-no key}"
			;;
		*)
			who=$(ssh-keygen -Y find-principals -s "$signature" -f "$signer" 2>/dev/null) && [ -n "$who" ] || return 1
			who=${who%%[,$nl]*}
			ssh-keygen -Y verify -f "$signer" -I "$who" -n latchkey-script -s "$signature" <"$0" >/dev/null 2>&1
			;;
	esac
}

is_signed_by() {
	signed=$(ssh-keygen -Y check-novalidate -n latchkey-script -s "$signature" <"$0" 2>/dev/null) || return 1
	[ "${signed##* }" = "$1" ]
}

# ---- Asking the hand --------------------------------------------------------------------------------------

# ask VERB WORD...: into $status (ok, no, fail or lost), $said and $told, a line for each thing that was told.
ask() {
	seq=$((seq + 1)) request=$seq
	for word do
		quote "$word"
		request="$request $quoted"
	done
	answer=$(hand_do "$request" 2>/dev/null)
	status=lost said= told=
	while read -r _ _ _ kind rest; do
		case $kind in
			ok | no | fail) status=$kind said=$rest ;;
			tell) told=$told$rest$nl ;;
		esac
	done <<ANSWER
$answer
ANSWER
}

# told_of NAME: the words that were told under this name, into $words.
told_of() {
	words=
	while read -r tell_name rest; do
		if [ "$tell_name" = "$1" ]; then words=$rest; fi
	done <<TOLD
$told
TOLD
}

# Looks at $path: $seen is its hash, $refused why it cannot be changed, $holder the token of who holds its folder.
look() {
	ask look "$path"
	told_of hash
	seen=$words
	told_of refusal
	refused=${words%% *}
	told_of lock
	holder=${words%% *}
	told_of dead-man
	ways=$words
}

# Why the hand did not, as a sentence about $path, into $why.
explain() {
	set -- $said
	case ${1-} in
		changed) why="$path was changed by somebody else" ;;
		held) why="the folder of $path is held by ${3-somebody else}" ;;
		*) say_refusal "${1:-unknown}"; why="$path $sentence" ;;
	esac
}

# ---- Looking ----------------------------------------------------------------------------------------------

# Every file is one that the plan knows, or nothing is touched.
look_all() {
	all_done=yes proved=$carry_proved carry_way=
	[ -z "$holder_path" ] || look_key
	each_file look_one
}

look_one() {
	[ -z "$why" ] || return
	look
	if [ "$status" != ok ]; then why="$path could not be looked at"; return; fi
	if [ -n "$refused" ]; then said=$refused; explain; return; fi
	know_one
	case $seen in
		"$h_before" | "$h_added" | "$h_removed") ;;
		*)
			why="$path is another file than the plan was made for"
			# An earlier try could not take it back.
			[ "$holder" != "$carry_token" ] || keep
			return
			;;
	esac
	case " $carry_phases " in *' remove '*) goal=$h_removed ;; *' add '*) goal=$h_added ;; *) goal=$seen ;; esac
	if [ "$seen" != "$goal" ] && [ "$seen" != "$h_removed" ]; then all_done=no; fi
	# A removal whose run was ended has still to be proved, and the host may yet take it back.
	[ "$holder" != "$carry_token" ] || all_done=no
	see_proved
	# A timer of systemd is started by whoever asks the hand, which is nobody here.
	case " $ways " in *' sleep '*) way=sleep ;; *' at '*) way=at ;; *) way= ;; esac
	[ -n "$way" ] || why='this host cannot take back by itself what is not proved (it has no at, setsid or nohup)'
	carry_way=$way
}

# Where the plan could not know the new key, the stages of a file are known by what leads back to the file before.
know_one() {
	[ "$h_added" = unknown ] || return 0
	# Before it is made, every file is as it was.
	[ -n "$key_line" ] || return 0
	for stage in before added removed; do
		with_pieces hash_pieces "$id" $stage before
		[ "$piece_hash" = "$h_before" ] || continue
		with_pieces hash_pieces "$id" $stage added
		h_added=$piece_hash
		with_pieces hash_pieces "$id" $stage removed
		h_removed=$piece_hash
		eval "added_$id=$h_added removed_$id=$h_removed"
		return
	done
}

hash_pieces() {
	piece_hash=$({ kept=$path; put_pieces "$@"; } 2>/dev/null | $hash_tool)
	piece_hash=${piece_hash%% *}
}

# Whether an earlier run got past the proof: it has removed, has begun to, or has ended with the new line there.
see_proved() {
	if [ "$h_removed" != "$h_added" ] && [ "$seen" = "$h_removed" ]; then proved=yes; fi
	if [ "$h_added" != "$h_before" ] && [ "$seen" = "$h_added" ] && [ "$holder" != "$carry_token" ]; then proved=yes; fi
	if [ -e "${path%/*}/.latchkey/$carry_token/before-${id}r" ]; then proved=yes; fi
}

# ---- Doing ------------------------------------------------------------------------------------------------

do_phases() {
	for phase in $carry_phases; do
		at=$phase
		case $phase in
			make-key) make_key ;;
			add | remove) change_files ;;
			hand-over) hand_over ;;
		esac
		[ -z "$why" ] || return
	done
}

change_files() {
	changed=no
	if [ $phase = add ]; then letter=a; else letter=r proved=yes; fi
	each_file write_one
	# A new key whose line stood there before is proved, too, before the old one goes.
	if [ $phase = add ] && [ -n "$carry_key" ]; then changed=yes; fi
	if [ -z "$why" ] && [ $changed = yes ]; then prove; fi
	each_file disarm_one
	[ -n "$why" ] || return
	if [ $proved = yes ]; then
		put_line "what was removed is put back, and what was added stays: $why" >&2
		letter=r
	else
		put_line "taken back: $why" >&2
	fi
	each_file undo_one
}

write_one() {
	[ -z "$why" ] || return
	if [ $phase = add ]; then from=before to=added h_from=$h_before h_to=$h_added
	else from=added to=removed h_from=$h_added h_to=$h_removed
	fi
	[ "$h_to" != "$h_from" ] || return
	look
	if [ $phase = remove ] && [ "$seen" = "$h_to" ] && [ "$holder" = "$carry_token" ]; then changed=yes; fi
	[ "$seen" != "$h_removed" ] && [ "$seen" != "$h_to" ] || return
	if [ "$seen" != "$h_from" ]; then why="$path was changed by somebody else"; return; fi
	hold_folder
	if [ "$status" != ok ]; then explain; return; fi
	if [ $phase = add ]; then back=; else back=$lines; fi
	ask arm "$path" "$id$letter" "$carry_token" "$carry_way" "$carry_seconds" "$h_to" "$h_from" "$back"
	if [ "$status" != ok ]; then explain; return; fi
	with_pieces write_pieces "$id" $from $to
	if [ "$status" != ok ]; then explain; return; fi
	changed=yes
	case $phase in add) put_line "$path: added" ;; *) put_line "$path: removed" ;; esac
}

# The lock of the folder of $path; one whose time is over is broken, as by a run.
hold_folder() {
	ask begin "$path" "$carry_token" "$carry_who" 3600
	set -- $said
	[ "${1-}" = held ] && [ "${5:-0}" -lt "${6:-0}" ] 2>/dev/null || return
	ask begin "$path" "$carry_token" "$carry_who" 3600 "$2"
}

write_pieces() { ask write "$path" "$id$letter" "$carry_token" "$h_from" "$h_from,$h_to" "$h_to" "$@"; }

# The addition's way back, once its script had come to its end. The old line stands, so whoever has the old key gets in.
go_back() {
	at=add
	put_line "The new lines go again. Who holds the new key in the place of the old one by now gets in here no more."
	put_line "Type yes to go on:"
	read -r reply || reply=
	if [ "$reply" = yes ]; then each_file see_old_line; else why='nobody said that the new lines shall go'; fi
	if [ -n "$why" ]; then put_line "nothing was taken back: $why" >&2; return; fi
	each_file back_one
	[ -n "$left" ] || why='as it was asked for (--back)'
}

see_old_line() {
	look
	case $seen in "$h_before" | "$h_added") ;; *) why="$path is another file than this script has left" ;; esac
}

back_one() {
	look
	[ "$seen" != "$h_before" ] || return
	letter=b h_from=$h_added h_to=$h_before
	hold_folder
	[ "$status" != ok ] || with_pieces write_pieces "$id" added before
	if [ "$status" = ok ]; then put_line "$path: taken back"; return; fi
	explain
	left="$left$path$nl"
	keep
}

prove() {
	put_line "Log in now by a new connection, as $carry_accounts${carry_key:+, with the key $carry_key}."
	put_line "Within $carry_seconds seconds it is taken back. Does it work? Type yes, or anything else to take it back:"
	read -r reply || reply=
	[ "$reply" = yes ] || why="nobody said that the login works"
}

disarm_one() {
	ask disarm "$path" "$id$letter" "$carry_token"
	[ "$status" = ok ] || [ -n "$why" ] || why="$path was taken back before the login was proved"
}

# One phase alone: once the new line was proved, whoever holds the new key may have nothing else.
undo_one() {
	if [ $proved = no ]; then goal=$h_before wrote=$h_added; else goal=$h_added wrote=$h_removed; fi
	[ "$goal" != "$wrote" ] || return
	look
	case $seen in
		"$goal" | "$h_before") return ;;
		"$wrote")
			ask write "$path" "$id$letter" "$carry_token" "$goal" "$wrote" "$goal"
			[ "$status" != ok ] || return
			;;
	esac
	left="$left$path$nl"
	keep
}

# What was kept in the folder of $path stays there, and is told of.
keep() {
	case $nl$kept in *"$nl${path%/*}/.latchkey/$carry_token$nl"*) ;; *) kept="$kept${path%/*}/.latchkey/$carry_token$nl" ;; esac
}

# ---- The end ----------------------------------------------------------------------------------------------

end_all() {
	stands=no
	each_file end_one
	[ -z "$holder_path" ] || ! stands_half || stands=yes
	if [ -n "$why" ]; then if [ $stands = yes ]; then outcome=added; else outcome=rolled-back; fi; fi
	[ -z "$holder_path" ] || [ -n "$left" ] || end_key
	if [ -n "$left" ]; then
		outcome=needs-attention
		why="$(one_line "$left") could not be taken back ($why)"
	elif [ -n "$late" ]; then
		outcome=needs-attention
		if [ -z "$why" ]; then at=commit why=$late; else why="$late ($why)"; fi
	fi
	[ -z "$kept" ] || put_line "what was kept to take it back is in $(one_line "$kept")" >&2
}

one_line() { put_line "$1" | sed '/^$/d' | tr '\n' ' ' | sed 's/ $//'; }

end_one() {
	look
	[ "$seen" = "$h_before" ] || stands=yes
	case $nl$kept in *"$nl${path%/*}/.latchkey/$carry_token$nl"*) return ;; esac
	ask end "$path" "$carry_token"
	case $said in armed*) disarm_all_of; ask end "$path" "$carry_token" ;; esac
	[ "$status" != ok ] || return
	keep
	case $said in
		late-edit*) late="somebody wrote to the file while it was replaced: what they wrote is in ${said#late-edit }" ;;
		*) reason=$why; explain; late="what was kept could not be cleared away: $why" why=$reason ;;
	esac
}

disarm_all_of() { for letter in a r; do ask disarm "$path" "$id$letter" "$carry_token"; done; }

# The result, which `latchkey import` takes (outcome added: the new lines stand, and the old ones): what stands now, and a digest of what it says.
finish() {
	result=latchkey-result-$carry_token.txt
	rm -f "$result.sig"
	if ! tell_result 2>/dev/null; then
		put_line "$outcome; the result could not be written to $(pwd): run this once more from a folder with room" >&2
		exit 1
	fi
	files=$result
	if [ -n "$sign_key" ]; then
		if ssh-keygen -Y sign -n latchkey-bundle -f "$sign_key" "$result" >/dev/null 2>&1; then files="$result and $result.sig"
		else put_line "the result could not be signed with $sign_key" >&2
		fi
	fi
	put_line "$outcome; carry $files back, and give it to latchkey import"
	[ "$files" != "$result" ] || put_line "to sign it: ssh-keygen -Y sign -n latchkey-bundle -f KEY $result"
}

tell_result() {
	{
		put_line 'latchkey-result-1'
		put_line "plan $carry_plan"
		put_line "host $carry_host"
		put_line "token $carry_token"
		put_line "began $began"
		put_line "ended $(date +%s)"
		put_line "outcome $outcome"
		put_line "phases $carry_phases"
		put_line "at ${at:-none}"
		encode "$why"
		put_line "why $encoded"
		encode "$(one_line "$kept")"
		put_line "kept $encoded"
		[ -z "$holder_path" ] || [ -z "$key_line" ] || put_line "key $key_line"
		each_file tell_one
	} >"$result.part" && hash_of "$result.part" && put_line "end $hashed" >>"$result.part" && mv -f "$result.part" "$result"
}

tell_one() {
	look
	put_line "file $id ${seen:-none}"
}

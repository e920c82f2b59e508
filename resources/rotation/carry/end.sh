# How a carried script ends, and what it tells of it.

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

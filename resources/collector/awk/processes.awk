# Of /proc/*/status "@processes - uid:UID name:NAME count:N" for each number that they run as and each name that they
# give themselves, with contained:yes where they are in a container; none of the kernel's, and none of -v own (a
# process) and what it has started. Needs encode.awk.
#
# Of a number 200 names, in a container and outside: what one account does hides nothing of another's. Of the numbers
# that an account may have beside its own, which begin at 100,000, there are 1,000; the others are few.
#
# Before Linux 4.1 nothing says what is in a container (NSpid): then nothing is known to be the host's own account's.

function note(   at, key) {
	if (pid == "") return
	parent[pid] = above
	if (has_memory && uid != "") { all[++found] = pid; uid_of[pid] = uid; spaces_of[pid] = spaces; name_of[pid] = name }
	pid = ""
}
/^Name:/ { note(); name = substr($0, 7); pid = uid = above = ""; has_memory = spaces = 0 }
/^Pid:/ { pid = $2 }
/^PPid:/ { above = $2 }
/^Uid:/ { uid = $3 }
/^VmSize:/ { has_memory = 1 }
/^NSpid:/ { spaces = NF - 1; if (pid == own) own_spaces = spaces }
END {
	note()
	if (own_spaces == "") own_spaces = 1
	for (i = 1; i <= found; i++) {
		pid = all[i]
		at = pid
		for (steps = 0; at != own && at > 1 && steps < 64; steps++) at = parent[at]
		if (at == own) continue
		key = uid_of[pid] " " (!spaces_of[pid] || spaces_of[pid] > own_spaces) " " name_of[pid]
		if (!(key in count)) {
			split(key, word, " ")
			if (!(word[1] in rows) && word[1] >= 100000 && ++numbers > 1000) { is_cut = 1; continue }
			rows[word[1]] = 1
			if (++names[word[1] " " word[2]] > 200) { is_cut = 1; continue }
			order[++kinds] = key
		}
		count[key]++
	}
	for (i = 1; i <= kinds; i++) {
		key = order[i]
		split(key, word, " ")
		name = substr(key, length(word[1]) + 4)
		print "@processes - uid:" word[1] " name:" encode(name) " count:" count[key] (word[2] == 1 ? " contained:yes" : "")
	}
	if (is_cut) print "@unread - kind:workload path:/proc why:too-many-workloads"
}

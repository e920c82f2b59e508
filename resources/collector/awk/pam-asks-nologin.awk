# Whether the rules of PAM for sshd have an account checked by pam_nologin: the status says it.

function follow(file, depth,   line, word) {
	if (depth > 8) return
	while ((getline line < file) > 0) {
		sub(/#.*/, "", line)
		if (split(line, word, " ") < 2) continue
		sub(/^-/, "", word[1])
		if (word[1] == "@include") follow("/etc/pam.d/" word[2], depth + 1)
		else if (word[1] != "account") continue
		else if (word[2] == "include" || word[2] == "substack") follow("/etc/pam.d/" word[3], depth + 1)
		else if (line ~ /pam_nologin[.]so/) found = 1
	}
	close(file)
}
BEGIN { follow("/etc/pam.d/sshd", 0); exit !found }

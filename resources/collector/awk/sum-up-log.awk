# Of a log of sshd what sum_up_log tells of. -v end: the line that only a reader that came to the end has written.

# One line: a login by key (M), or by other means (O), with what the log names after the program.
function put(   n, host, message, where, times) {
	rest = is_bsd ? substr($0, 17) : substr($0, index($0, " ") + 1)
	n = index(rest, " ")
	host = substr(rest, 1, n - 1)
	message = substr(rest, n + 1)
	sub(/^[a-z0-9]+\.[a-z]+ /, "", message)
	if (message ~ /^su(-l)?(\[[0-9]+\])?: \(to .*\) [^ ]+ on [^ ]+$/) {
		sub(/^su[^:]*: /, "su: ", message)
		sub(/ on [^ ]+$/, "", message)
		keep("O", host, message, 1)
		return
	}
	if (!sub(/^sshd(-session|-auth)?(\[[0-9]+\])?: /, "", message)) return
	times = 1
	if (message ~ /^message repeated [0-9]+ times: \[ /) {
		split(message, where, " ")
		times = where[3] + 0
		sub(/^message repeated [0-9]+ times: \[ /, "", message)
		sub(/\]$/, "", message)
	}
	if (message !~ /^(Accepted|Partial) /) return
	accepted += times
	sub(/ port [0-9]+ ssh2/, " port 0 ssh2", message)
	if (message ~ /^Accepted / && message !~ /^Accepted publickey for /) keep("O", host, message, times)
	if (message !~ /^(Accepted|Partial) publickey for /) return
	sub(/, signature count = [0-9]+$/, "", message)
	keep("M", host, message, times)
}
# So many of each letter, so that none of one keeps out one of the other.
function keep(letter, host, message, times,   at) {
	gsub(/\t/, " ", message)
	if (messages[letter] >= 500) sub(/ from [^ ]+ port 0 ssh2/, " from * port 0 ssh2", message)
	at = letter "\t" host "\t" message
	if (!(at in days)) {
		if (messages[letter] >= 2000 || length(at) > 2000) { full[letter] = 1; return }
		order[letter, ++messages[letter]] = at
		days[at] = ""
	}
	if (!((at, number) in count)) {
		if (++rows[letter] > 20000) { full[letter] = 1; return }
		days[at] = days[at] number " "
		first[at, number] = last[at, number] = time()
	}
	count[at, number] += times
	if (time() < first[at, number]) first[at, number] = time()
	if (time() > last[at, number]) last[at, number] = time()
}
function tell(letter,   i, j, at, held, which) {
	for (i = 1; i <= messages[letter]; i++) {
		at = order[letter, i]
		printf "%s", at
		held = split(days[at], which, " ")
		for (j = 1; j <= held; j++)
			printf "\t%d/%d/%s/%s", which[j], count[at, which[j]], first[at, which[j]], last[at, which[j]]
		printf "\n"
	}
}
function time() { return is_bsd ? substr($0, 8, 8) : substr($0, 12, index($0, " ") - 12) }
function stamp(line) { return line ~ /^[A-Z]/ ? substr(line, 1, 15) : substr(line, 1, index(line, " ") - 1) }
function turn_to(day) {
	if (day == before) { before = today; today = day; number = known[day]; return }
	before = today; today = day
	number = known[day] = ndays++
	if (ndays <= 5000) print "D\t" day
	else full["M"] = 1
}
BEGIN { ndays = accepted = messages["M"] = messages["O"] = 0 }
{ line_before = this_line; this_line = $0 }
/^[NBX]\t/ { print; next }
{
	day = substr($0, 1, 10)
	if (day == today) { is_bsd = 0 }
	else if (substr(day, 1, 6) == today) { is_bsd = 1 }
	else if (day ~ /^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]$/ && substr($0, 11, 1) == "T") {
		is_bsd = 0
		turn_to(day)
	} else if ($0 ~ /^[A-Z][a-z][a-z] [ 0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9] /) {
		is_bsd = 1
		turn_to(substr(day, 1, 6))
	} else next
	if (first_line == "") first_line = $0
	last_line = $0
	if (index($0, "Accepted ") == 0 && index($0, "Partial ") == 0 && index($0, ": (to ") == 0) next
	put()
}
END {
	if (first_line != "") print "S\t" stamp(first_line) "\t" stamp(last_line)
	print "A\t" accepted
	tell("M")
	tell("O")
	if (full["O"]) print "L\tO"
	print "E\t" (this_line != end ? "cut" : full["M"] ? "full" : "whole")
}

# Of a log of sshd what sum_up_log tells of. -v end: the line that only a reader that came to the end has written;
# -v backwards: 1 where the newest line comes first.

# One line: a login by key (M), or by other means (O), with what the log names after the program.
function put(   host, message, tag, n) {
	rest = is_bsd ? substr($0, 17) : substr($0, index($0, " ") + 1)
	n = index(rest, " ")
	host = substr(rest, 1, n - 1)
	message = substr(rest, n + 1)
	tag = ""
	if (match(message, /^[a-z0-9]+\.[a-z]+ /)) {
		tag = substr(message, 1, RLENGTH)
		message = substr(message, RLENGTH + 1)
	}
	if (message ~ /^su(-l)?(\[[0-9]+\])?: \(to .*\) [^ ]+ on [^ ]+$/) {
		sub(/^su[^:]*: /, "su: ", message)
		sub(/ on [^ ]+$/, "", message)
		times = 1
		keep("O", host, message, "")
		return
	}
	if (!match(message, /^sshd(-session|-auth)?(\[[0-9]+\])?: /)) return
	tag = tag substr(message, 1, RLENGTH - 2)
	put_sshd(host, substr(message, RLENGTH + 1), tag)
}
function put_sshd(host, message, tag,   where) {
	times = 1
	if (message ~ /^message repeated [0-9]+ times: \[ /) {
		split(message, where, " ")
		times = where[3] + 0
		sub(/^message repeated [0-9]+ times: \[ /, "", message)
		sub(/\]$/, "", message)
	}
	if (message !~ /^(Accepted|Partial) /) return
	accepted += times
	if (message ~ /^Accepted /) win(peer_of(substr(message, index(message, " for ") + 5)))
	if (match(message, / port [0-9]+ ssh2/)) {
		tag = tag ":" substr(message, RSTART + 6, RLENGTH - 11)
		message = substr(message, 1, RSTART) "port 0 ssh2" substr(message, RSTART + RLENGTH)
	}
	if (message ~ /^Accepted / && message !~ /^Accepted publickey for /) keep("O", host, message, tag)
	if (message !~ /^(Accepted|Partial) publickey for /) return
	sub(/, signature count = [0-9]+$/, "", message)
	keep("M", host, message, tag)
}
# So many of each letter, so that none of one keeps out one of the other, and so many addresses of each account, so
# that whoever comes from ever new ones hides where nobody else comes from.
function keep(letter, host, message, tag,   at, who, hour) {
	gsub(/\t/, " ", message)
	at = letter "\t" host "\t" message
	if (!(at in days)) {
		who = letter "\t" substr(message, 1, index(message, " from "))
		if (messages[letter] >= 1500 || ++addresses[who] > 200)
			sub(/ from [^ ]+ port 0 ssh2/, " from * port 0 ssh2", message)
		at = letter "\t" host "\t" message
	}
	if (!(at in days)) {
		if (messages[letter] >= 2000 || length(at) > 2000) { full[letter] = 1; return }
		order[letter, ++messages[letter]] = at
		days[at] = ""
	}
	if (!((at, number) in count)) {
		if (++rows[letter] > 20000) { full[letter] = 1; return }
		days[at] = days[at] number " "
		first[at, number] = last[at, number] = time()
		before[at, number] = after[at, number] = tag
		hours[at, number] = 0
	}
	count[at, number] += times
	if (time() < first[at, number]) { first[at, number] = time(); before[at, number] = tag }
	if (time() > last[at, number]) { last[at, number] = time(); after[at, number] = tag }
	hour = substr(time(), 1, 2) % 24
	if (int(hours[at, number] / power[hour]) % 2 == 0) hours[at, number] += power[hour]
}
# The account and the address of "ACCOUNT from ADDRESS ...".
function peer_of(text,   n, from) {
	n = index(text, " from ")
	from = substr(text, n + 6)
	n = index(from, " ") ? index(from, " ") : length(from) + 1
	return substr(text, 1, index(text, " from ") - 1) "\t" substr(from, 1, n - 1)
}
# A password that was refused to an address: it counts until it gets in, and each at most a day of the log after the
# one before. $0 has `what` at n. Whoever there is no account for is called invalid, or illegal: of the others the name
# holds nothing of a client's. There may be as many of these lines as strangers like, so little is done for each.
function fail(n, what,   text, peer, head) {
	text = substr($0, n + length(what), 120)
	if (substr(text, 1, 13) == "invalid user " || substr(text, 1, 13) == "illegal user ") return
	if (++refused > 400000) { full["B"] = 1; return }
	peer = peer_of(text)
	if (backwards && !(peer in won)) return
	head = substr($0, 1, n - 1)
	sub(/message repeated [0-9]+ times: \[ $/, "", head)
	if (head !~ /^[^ ]+ +([^ ]+ [^ ]+ )?[^ ]+ ([a-z0-9]+\.[a-z]+ )?sshd(-session|-auth)?(\[[0-9]+\])?: $/) return
	if (!backwards && !(peer in begin)) {
		if (npeers >= 10000) forget_most()
		npeers++
		start(peer)
	} else go_on(peer)
}
function repeats(   text) {
	if (index($0, ": message repeated ") == 0) return 1
	text = substr($0, index($0, ": message repeated ") + 19)
	return substr(text, 1, index(text, " ") - 1) + 0
}
# The first of a peer, of which nothing but its line is kept.
function start(peer) {
	begin[peer] = number "\t" $0
	if (repeats() == 1) return
	tries[peer] = repeats()
	near[peer] = number
	finish[peer] = begin[peer]
}
function go_on(peer,   was) {
	was = begin[peer] + 0
	if (peer in near) was = near[peer]
	if (number - was > 1 || was - number > 1) {
		if (backwards) { tell_burst(peer); return }
		forget(peer)
		npeers++
		start(peer)
		return
	}
	if (!(peer in tries)) tries[peer] = backwards ? 0 : 1
	tries[peer] += repeats()
	near[peer] = number
	if (!backwards || !(peer in finish)) finish[peer] = number "\t" $0
	if (backwards) begin[peer] = number "\t" $0
}
function win(peer) {
	if (!backwards) {
		if (!(peer in begin)) return
		won[peer] = number "\t" $0
		if (peer in near && number - near[peer] <= 1) tell_burst(peer)
		else forget(peer)
		return
	}
	if (peer in won) tell_burst(peer)
	if (npeers >= 10000) forget_most()
	npeers++
	near[peer] = number
	won[peer] = number "\t" $0
}
function forget(peer) {
	delete tries[peer]; delete near[peer]; delete begin[peer]; delete finish[peer]; delete won[peer]
	npeers--
}
# Room for others: what is over, or has hardly begun. What was forgotten too early may be missing, and that is told.
function forget_most(   peer) {
	full["B"] = 1
	if (backwards) {
		for (peer in won) if (!(peer in tries) || tries[peer] < 5) forget(peer)
	} else for (peer in begin) {
		if (!(peer in tries)) { delete begin[peer]; npeers-- }
		else if (tries[peer] < 3) forget(peer)
	}
	if (npeers < 9000) return
	if (backwards) { for (peer in won) forget(peer) }
	else for (peer in begin) forget(peer)
}
function tell_burst(peer,   who, at) {
	who = substr(peer, 1, index(peer, "\t"))
	if (peer in tries && tries[peer] >= 5) {
		at = who "\t" (backwards ? bursts[who] + 0 : bursts[who] % 10)
		if (backwards && bursts[who] >= 10 || !(at in burst) && nbursts >= 400) full["B"] = 1
		else {
			if (at in burst) full["B"] = 1
			else slot[++nbursts] = at
			burst[at] = "B\t" tries[peer] "\t" as_line(won[peer]) "\t" as_line(begin[peer]) "\t" as_line(finish[peer])
			bursts[who]++
		}
	}
	forget(peer)
}
# A line, after the number of its day. Of a very long one the middle is left out: the ID of a certificate.
function as_line(text,   n, day) {
	n = index(text, "\t")
	day = substr(text, 1, n - 1)
	text = substr(text, n + 1)
	if (length(text) > 620) text = substr(text, 1, 400) " [...] " substr(text, length(text) - 199)
	gsub(/\t/, " ", text)
	return day "\t" text
}
function tell(letter,   i, j, at, held, which) {
	for (i = 1; i <= messages[letter]; i++) {
		at = order[letter, i]
		printf "%s", at
		held = split(days[at], which, " ")
		for (j = 1; j <= held; j++)
			printf "\t%d/%d/%s/%s/%x/%s/%s", which[j], count[at, which[j]], first[at, which[j]], last[at, which[j]],
				hours[at, which[j]], before[at, which[j]], after[at, which[j]]
		printf "\n"
	}
}
function time() { return is_bsd ? substr($0, 8, 8) : substr($0, 12, index($0, " ") - 12) }
function stamp(line) { return line ~ /^[A-Z]/ ? substr(line, 1, 15) : substr(line, 1, index(line, " ") - 1) }
function turn_to(day) {
	if (day == yesterday) { yesterday = today; today = day; number = known[day]; return }
	yesterday = today; today = day
	number = known[day] = ndays++
	if (ndays <= 5000) print "D\t" day
	else full["M"] = 1
}
BEGIN {
	ndays = accepted = messages["M"] = messages["O"] = npeers = nbursts = 0
	power[hour = 0] = 1
	for (; hour < 23; hour++) power[hour + 1] = power[hour] * 2
}
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
	if (index($0, "Accepted ") == 0 && index($0, "Partial ") == 0 && index($0, ": (to ") == 0) {
		if (n = index($0, what = "Failed password for ")) fail(n, what)
		else if (n = index($0, what = "error: PAM: Authentication failure for ")) fail(n, what)
		next
	}
	put()
}
END {
	if (first_line != "") print "S\t" stamp(first_line) "\t" stamp(last_line)
	print "A\t" accepted
	tell("M")
	tell("O")
	if (full["O"]) print "L\tO"
	if (backwards) for (peer in won) tell_burst(peer)
	for (i = 1; i <= nbursts; i++) print burst[slot[i]]
	if (full["B"]) print "L\tB"
	print "E\t" (this_line != end ? "cut" : full["M"] ? "full" : "whole")
}

# Of crontabs a line "@cron-job - path:PATH line:N schedule:TIME account:NAME program:WORD" for each job. What is
# set, and what follows a program, stays here. -v system_table=1: its jobs name the accounts, and lines "account
# NAME" before the files say which there are; else the name of the file does. Needs encode.awk, words.awk and listed-
# files.awk.

BEGIN {
	month = "jan feb mar apr may jun jul aug sep oct nov dec"
	day = "sun mon tue wed thu fri sat"
}
/^account / { known[substr($0, 9)] = 1 }

function begin_file(path) {
	file = account = path
	number = jobs = 0
	sub(/.*\//, "", account)
}
function end_file(why) {
	if (jobs > 1000) why = "too-many-workloads"
	if (why != "") print "@unread - kind:workload path:" file " why:" why
}

function read_line(line,   schedule, i, word, user, program) {
	number++
	rest = line
	sub(/\r$/, "", rest)
	sub(/^[ \t]+/, "", rest)
	if (rest == "" || rest ~ /^#/) return
	if (rest ~ /^("[^"]*"|'[^']*'|[^ \t=]+)[ \t]*=/) return
	if (rest ~ /^@/) {
		schedule = next_field()
		if (schedule !~ /^@(reboot|yearly|annually|monthly|weekly|daily|midnight|hourly)$/) return
	} else {
		# Some crons keep silent of a line that begins so.
		sub(/^-/, "", rest)
		schedule = ""
		for (i = 1; i <= 5; i++) {
			word = next_field()
			if (!is_field(word, i == 4 ? month : i == 5 ? day : "")) return
			schedule = schedule (i > 1 ? " " : "") word
		}
	}
	user = ""
	if (system_table) {
		user = next_field()
		if (user !~ /^[^-\/ \t][^\/ \t]*$/ || length(user) > 256) return
	}
	# cron runs nothing of who is not there, and then what looks like a program is an argument.
	program = system_table && !(user in known) ? "-" : find_program()
	if (++jobs > 1000 || ++all_jobs > 5000) { jobs = 1001; return }
	print "@cron-job - path:" file " line:" number " schedule:" encode(schedule) " account:" \
		(system_table ? encode(user) : account) " program:" encode(program)
}

function next_field(   at, word) {
	sub(/^[ \t]+/, "", rest)
	at = match(rest, /[ \t]/)
	word = at ? substr(rest, 1, at - 1) : rest
	rest = at ? substr(rest, at) : ""
	return word
}

# Whether a word is one of the five of a time: numbers, stars, ranges and steps, or the names that it may have.
function is_field(word, names,   item, i, n, part, parts, j) {
	if (word == "" || length(word) > 200) return 0
	n = split(word, item, ",")
	for (i = 1; i <= n; i++) {
		if (item[i] == "") return 0
		sub(/\/[0-9]+$/, "", item[i])
		parts = split(item[i], part, /[-~]/)
		for (j = 1; j <= parts; j++) {
			if (part[j] ~ /^([*?]|[0-9][0-9]?|)$/) continue
			if (names == "" || length(part[j]) != 3 || !index(names, tolower(part[j]))) return 0
		}
	}
	return 1
}

# The first program of a command for a shell, behind what it sets. One over 4 KiB would cost more than it tells.
function find_program(   word) {
	if (length(rest) > 4096) return "-"
	while (1) {
		sub(/^[ \t({!;]+/, "", rest)
		if (rest !~ /^[A-Za-z_][A-Za-z0-9_]*\+?=/) break
		word = take_word(";&|<>()")
		# What is run to find a value is no program of the job's.
		if (word ~ /[`$]/ || rest ~ /^[(<>]/ || rest == "") return "-"
		sub(/^[ \t;&|]+/, "", rest)
	}
	return as_program(take_word(";&|<>()"))
}

# Of unit files and drop-ins of systemd a line "@unit - path:PATH SETTING:VALUE..." each, in their order: as whom it
# runs, the program alone, when it starts and what it starts, and of variables and credentials the names alone.
# An empty value resets a setting. Needs encode.awk, words.awk and listed-files.awk.

BEGIN {
	learn("plain", "Service.User Service.Group Service.DynamicUser Timer.Unit Path.Unit Socket.Service Socket.Accept")
	learn("plain", "Timer.OnCalendar Timer.OnActiveSec Timer.OnBootSec Timer.OnStartupSec Timer.OnUnitActiveSec")
	learn("plain", "Timer.OnUnitInactiveSec")
	learn("program", "Service.ExecStart")
	learn("file", "Service.EnvironmentFile")
	learn("variables", "Service.Environment Service.PassEnvironment")
	learn("credential", "Service.LoadCredential Service.LoadCredentialEncrypted Service.ImportCredential")
	learn("credential", "Service.SetCredential Service.SetCredentialEncrypted")
	learn("units", "Unit.Wants Unit.Requires Unit.BindsTo Unit.Upholds")
}
function learn(form, names,   word, i, n) {
	n = split(names, word, " ")
	for (i = 1; i <= n; i++) form_of[word[i]] = form
}

function begin_file(path) {
	file = path
	told = section = joined = ""
	settings = words = 0
	is_continued = 0
	is_first = 1
}
function end_file(why) {
	if (is_continued) read_setting(joined)
	if (settings > 400 || length(told) > 16000) why = "too-large"
	if ((spent += length(told)) > 400000) why = "too-many-workloads"
	if (why != "") {
		print "@unit - path:" file " why:" why
		print "@unread - kind:workload path:" file " why:" why
	} else print "@unit - path:" file told
}

# A remark between continued lines is none of them. What is looked through more than once has no more than 16 KiB.
function read_line(line,   slashes) {
	if (settings > 400) return
	if (is_first) { sub(/^\357\273\277/, "", line); is_first = 0 }
	sub(/^[ \t\r]+/, "", line)
	if (line ~ /^[#;]/) return
	if (length(line) + (is_continued ? length(joined) : 0) > 16384) { settings = 401; return }
	joined = (is_continued ? joined : "") line
	is_continued = 0
	if (match(line, /\\+$/)) {
		slashes = RLENGTH
		if (slashes % 2) { is_continued = 1; joined = substr(joined, 1, length(joined) - 1) " "; return }
	}
	read_setting(joined)
}

function read_setting(line,   at, key, value) {
	sub(/[ \t\r]+$/, "", line)
	if (line ~ /^\[.*\]$/) { section = substr(line, 2, length(line) - 2); return }
	at = index(line, "=")
	if (!at) return
	key = substr(line, 1, at - 1)
	value = substr(line, at + 1)
	sub(/[ \t]+$/, "", key)
	sub(/^[ \t]+/, "", value)
	if ((section "." key) in form_of) tell_setting(key, form_of[section "." key], value)
}

function tell_setting(key, form, value) {
	if (value == "") { if (form != "units") put(key, "") }
	else if (form == "plain") { if (length(value) <= 300) put(key, value); else put(key, "-") }
	else if (form == "program") {
		rest = value
		value = take_word("")
		sub(/^[-@:+!|]+/, "", value)
		put(key, as_program(value))
	}
	else if (form == "file") { sub(/^-/, "", value); if (length(value) <= 1000) put(key, value) }
	else if (form == "credential") {
		sub(/^["']/, "", value)
		# Without a colon, what is set may be the value itself.
		if (key ~ /^Set/ && value !~ /:/) return
		sub(/:.*/, "", value)
		if (value ~ /^[A-Za-z0-9._@*?+-]+$/ && length(value) <= 255) put(key, value)
	}
	else for (rest = value; rest != "" && settings <= 400; ) {
		tell_name(key, form, take_word(""))
		if (++words > 400) settings = 401
	}
}
function tell_name(key, form, word) {
	if (key == "Environment" && !sub(/=.*/, "", word)) return
	if (length(word) > 255) return
	if (form == "units" ? word ~ /^[A-Za-z0-9:_.\\%@-]+$/ : word ~ /^[A-Za-z_][A-Za-z0-9_]*$/) put(key, word)
}

function put(key, value) {
	if (++settings <= 400) told = told " " key ":" encode(value)
}

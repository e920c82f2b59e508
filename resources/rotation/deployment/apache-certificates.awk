# Certificate and key of each section of a configuration of Apache, with a tab between. What is in no one section, or
# has variables in it, is not ours to judge.

function value(  text) {
	text = $0
	sub(/^[^ \t]+[ \t]+/, "", text)
	sub(/[ \t\r]+$/, "", text)
	if (text ~ /^".*"$/ || text ~ /^\047.*\047$/) text = substr(text, 2, length(text) - 2)
	return text
}
function end_section(  at) {
	for (at = 1; at <= chains && !off; at++)
		if ((keys == 0 || keys == chains) && chain[at] key[at] !~ /[$%@\t]/)
			print chain[at] "\t" (keys ? key[at] : chain[at])
	chains = keys = off = 0
	split("", key)
}
{ sub(/^[ \t]+/, ""); word = tolower($1) }
word ~ /^<\/?virtualhost/ { end_section() }
word == "sslengine" { off = tolower($2) ~ /^off/ }
word == "sslcertificatefile" { chain[++chains] = value() }
word == "sslcertificatekeyfile" { key[++keys] = value() }
END { end_section() }

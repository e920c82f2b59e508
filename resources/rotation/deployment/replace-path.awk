# Every path FROM of the environment becomes TO, and so does whatever lies in it; a longer name that begins so stays.

BEGIN {
	from = ENVIRON["FROM"]
	to = ENVIRON["TO"]
}
{
	out = ""
	while (at = index($0, from)) {
		rest = substr($0, at + length(from))
		out = out substr($0, 1, at - 1) (rest ~ /^[A-Za-z0-9._-]/ ? from : to)
		$0 = rest
	}
	print out $0
}

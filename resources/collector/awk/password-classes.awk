# Of /etc/shadow, its fields parted by colons: NAME:CLASS:EXPIRES:TOO-OLD:CHANGED,LEAST,MOST,WARNING,GRACE, a line
# each, and no hash: of what follows the class only numbers, for in a line that is broken a hash may stand anywhere.
# With colons everywhere it would have the shape of a line of shadow, and be dropped as one. -v kernel.

function number(text) { return text ~ /^[0-9]+$/ && length(text) <= 7 ? text : "" }
{
	class = "set"
	if ($2 == "") class = "none"
	else if ($2 ~ /^!/ || (kernel != "Linux" && $2 ~ /^[*]LK[*]/)) class = "locked"
	else if ($2 ~ /^[*]/) class = "starred"
	aged = $3 > 0 && $5 ~ /^[0-9]+$/ && $7 ~ /^[0-9]+$/ ? $3 + $5 + $7 : ""
	print $1 ":" class ":" number($8) ":" aged ":" number($3) "," number($4) "," number($5) "," number($6) "," number($7)
}

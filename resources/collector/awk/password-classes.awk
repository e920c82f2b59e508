# Of /etc/shadow, its fields parted by colons: NAME:CLASS:EXPIRES:TOO-OLD, a line each, and no hash. -v kernel.

{
	class = "set"
	if ($2 == "") class = "none"
	else if ($2 ~ /^!/ || (kernel != "Linux" && $2 ~ /^[*]LK[*]/)) class = "locked"
	else if ($2 ~ /^[*]/) class = "starred"
	aged = $3 > 0 && $5 ~ /^[0-9]+$/ && $7 ~ /^[0-9]+$/ ? $3 + $5 + $7 : ""
	print $1 ":" class ":" $8 ":" aged
}

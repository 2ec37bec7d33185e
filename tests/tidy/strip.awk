# C without its comments and without what stands in its literals, as FILE:LINE:text.
FNR == 1 { in_comment = 0 }
{
    rest = $0
    text = ""
    while (rest != "") {
        if (in_comment) {
            end = index(rest, "*/")
            if (!end)
                break
            rest = substr(rest, end + 2)
            text = text " "
            in_comment = 0
        } else if (!match(rest, /\/\*|\/\/|"|'/)) {
            text = text rest
            break
        } else {
            token = substr(rest, RSTART, RLENGTH)
            text = text substr(rest, 1, RSTART - 1)
            rest = substr(rest, RSTART + RLENGTH)
            if (token == "/*") {
                in_comment = 1
            } else if (token == "//") {
                break
            } else {
                while (rest != "") {
                    letter = substr(rest, 1, 1)
                    rest = substr(rest, letter == "\\" ? 3 : 2)
                    if (letter == token)
                        break
                }
                text = text token token
            }
        }
    }
    print FILENAME ":" FNR ":" text
}

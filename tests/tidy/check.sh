#!/bin/sh
# check.sh WHAT TOP - reads the sources under TOP (for `symbols`: an archive) and prints each place
# that breaks a rule of the design, as FILE:LINE: sentence. Exit 0 clean, 1 broken, 2 could not look.
#
#   arrows    what a folder includes of ours (arrows.txt)
#   headers   which folder may include which outside header (headers.txt)
#   symbols   what the core's archive needs from outside (symbols.txt); no writable data
#   switches  no `default:` in the core: a new state must not compile until it is thought of
#   lengths   functions, files, lines
#   format    clang-format would change nothing
#   words     nothing unfinished
#   calls     calls that are not made here, each with what to do instead (calls.txt)
#   spec      each rule cited exists in core/SPEC.md, each rule is cited by a test
#
# Each of these has a bad sample under bad/WHAT, which bad.sh shows to be refused.
set -eu
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
what=$1
top=$2

# Files under the six folders whose name fits a pattern, the bad samples apart.
files() {
    find core scenarios sim real-backend analysis tests -path tests/tidy/bad -prune -o \
        -type f -name "$1" -print 2>/dev/null | sort
}
code() {
    files '*.[ch]'
}

check_arrows() {
    code | xargs awk '
        NR == FNR {
            if ($0 !~ /^#/ && NF) { sees[$1] = " "; for (i = 2; i <= NF; i++) sees[$1] = sees[$1] $i " " }
            next
        }
        !/^[ \t]*#[ \t]*include[ \t]*"/ { next }
        {
            split($0, part, "\""); path = part[2]; to = path; from = FILENAME
            if (path !~ /\//) {
                printf "%s:%d: \"%s\" must be named from the top, as in \"core/plan.h\"\n", from, FNR, path
                next
            }
            sub(/\/[^\/]*$/, "", to)
            while (!(from in sees) && sub(/\/[^\/]*$/, "", from)) { }
            if (!(from in sees))
                printf "%s:%d: this folder has no row in arrows.txt\n", FILENAME, FNR
            else if (sees[from] !~ / \* / && index(sees[from], " " to " ") == 0)
                printf "%s:%d: %s may not see %s (it sees:%s)\n", FILENAME, FNR, from, to, sees[from]
        }' "$here/arrows.txt"
}

check_headers() {
    code | xargs awk '
        NR == FNR {
            if ($0 ~ /^#/ || !NF) next
            if ($1 == "only") { only = " "; for (i = 2; i <= NF; i++) only = only $i " "; next }
            kept[++n] = $1; by[$1] = ""; for (i = 2; i <= NF; i++) by[$1] = by[$1] " " $i
            next
        }
        !/^[ \t]*#[ \t]*include[ \t]*</ { next }
        {
            header = $0; sub(/^[^<]*</, "", header); sub(/>.*/, "", header)
            if (FILENAME ~ /^core\/[^\/]*$/ && index(only, " " header " ") == 0)
                printf "%s:%d: the core may not see <%s> (it sees:%s)\n", FILENAME, FNR, header, only
            for (i = 1; i <= n; i++) {
                if (index(header, kept[i]) != 1) continue
                count = split(by[kept[i]], folder, " "); fine = 0
                for (j = 1; j <= count; j++) if (index(FILENAME "/", folder[j] "/") == 1) fine = 1
                if (!fine) printf "%s:%d: <%s> is seen only by%s\n", FILENAME, FNR, header, by[kept[i]]
            }
        }' "$here/headers.txt"
}

check_symbols() {
    defined=$("${NM:-nm}" -g --defined-only "$top" | awk 'NF == 3 { printf "%s ", $3 }')
    "${NM:-nm}" -g --undefined-only "$top" | awk -v defined=" $defined" '
        NR == FNR { if ($0 !~ /^#/) for (i = 1; i <= NF; i++) allowed[$i] = 1; next }
        /:$/ { object = $0; next }
        NF == 2 && !($2 in allowed) && index(defined, " " $2 " ") == 0 {
            printf "%s the core needs %s, which is not in symbols.txt\n", object, $2
        }' "$here/symbols.txt" -
    "${SIZE:-size}" -A "$top" | awk '
        / +\(ex / || /:$/ { object = $1 ":" }
        ($1 == "COMMON" || $1 ~ /^\.(data|bss|tdata|tbss)/) && $1 !~ /^\.data\.rel\.ro/ && $2 > 0 {
            printf "%s the core has %d bytes of writable data in %s\n", object, $2, $1
        }'
}

stripped() {
    xargs awk -f "$here/strip.awk"
}

check_switches() {
    code | grep '^core/[^/]*$' | stripped | awk -F: '
        { text = $0; sub(/^[^:]*:[^:]*:/, "", text) }
        text ~ /(^|[ \t;{}])default[ \t]*:/ {
            printf "%s:%s: no default in a switch of the core: name every value\n", $1, $2
        }'
}

check_lengths() {
    code | xargs awk -v function_max=70 -v file_max=600 -v file_hard=700 -v line_max=100 '
        function close_file() {
            if (lines > file_hard)
                printf "%s:%d: file has %d lines, at most %d\n", file, lines, lines, file_hard
            else if (lines > file_max)
                printf "note: %s has %d lines, about %d are wanted\n", file, lines, file_max > "/dev/stderr"
        }
        FNR == 1 { if (file) close_file(); file = FILENAME; begun = 0 }
        { lines = FNR; text = $0; gsub(/[\200-\277]/, "", text) } # a character, not its bytes
        length(text) > line_max {
            printf "%s:%d: line has %d columns, at most %d\n", FILENAME, FNR, length(text), line_max
        }
        /^[{]/ { begun = FNR }
        /^[}]/ {
            if (begun && FNR - begun + 1 > function_max)
                printf "%s:%d: function has %d lines, at most %d\n", FILENAME, begun, FNR - begun + 1, function_max
            begun = 0
        }
        END { if (file) close_file() }'
}

check_format() {
    if ! command -v clang-format >/dev/null; then
        echo "clang-format is missing (Debian: clang-format): the format was not looked at" >&2
        exit 77
    fi
    code | xargs clang-format --dry-run -Werror 2>&1 |
        awk -F: '/ error: / && !($1 in seen) { seen[$1]; printf "%s:%s: clang-format -i would change this file\n", $1, $2 }'
}

check_words() {
    {
        files '*' | grep -v '^tests/tidy/'
        ls README.md CHANGELOG.md CMakeLists.txt CMakePresets.json 2>/dev/null || true
    } | xargs grep -nIE -e '\<(TODO|FIXME|XXX|HACK|[Nn]ot (yet )?implemented|[Ff]or now|[Ss]tub|[Pp]laceholder)\>' |
        sed 's/^\([^:]*:[^:]*:\)/\1 unfinished work: /' || true
}

check_calls() {
    code | stripped | awk -F: -v table="$here/calls.txt" '
        FILENAME == table {
            if ($0 ~ /^#/ || split($0, part, " :: ") != 3) next
            where[++n] = "^" part[1]; call[n] = "(^|[^A-Za-z0-9_.>])(" part[2] ")"; instead[n] = part[3]
            any = any (n > 1 ? "|" : "") part[2]
            next
        }
        $0 ~ any {
            text = $0; sub(/^[^:]*:[^:]*:/, "", text)
            for (i = 1; i <= n; i++) {
                if ($1 !~ where[i] || !match(text, call[i])) continue
                name = substr(text, RSTART, RLENGTH); gsub(/[^A-Za-z0-9_]/, "", name)
                printf "%s:%s: no %s here, but %s\n", $1, $2, name, instead[i]
            }
        }' "$here/calls.txt" -
}

check_spec() {
    if [ ! -f core/SPEC.md ]; then
        echo "core/SPEC.md:1: is missing"
        return
    fi
    files '*' | grep -E '[.]([ch]|sh|md)$' | grep -v -e '^core/SPEC.md$' -e '^tests/tidy/' | xargs awk '
        FILENAME == "core/SPEC.md" {
            if (match($0, /^\*\*[0-9]+(\.[0-9]+)+\*\* /)) {
                number = substr($0, 3, RLENGTH - 5)
                if (number in rule)
                    printf "%s:%d: rule %s stands twice (line %d)\n", FILENAME, FNR, number, rule[number]
                rule[number] = FNR; known[number] = 1
            } else if (match($0, /^#+ +[0-9]+(\.[0-9]+)*/)) {
                number = substr($0, RSTART, RLENGTH); sub(/^#+ +/, "", number); known[number] = 1
            }
            next
        }
        {
            text = $0
            # SPEC 4.3, 4.4 and 5.1: each number counts
            while (match(text, /SPEC [0-9]+(\.[0-9]+)*/)) {
                text = substr(text, RSTART + 5)
                while (match(text, /^[0-9]+(\.[0-9]+)*/)) {
                    number = substr(text, 1, RLENGTH); text = substr(text, RLENGTH + 1)
                    if (!(number in known))
                        printf "%s:%d: SPEC %s is cited, core/SPEC.md has no such rule\n", FILENAME, FNR, number
                    if (FILENAME ~ /^tests\//) tested[number] = 1
                    if (!sub(/^(, | and | or |-)/, "", text)) break
                }
            }
        }
        END {
            for (number in rule)
                if (!(number in tested))
                    printf "core/SPEC.md:%d: rule %s is cited by no test\n", rule[number], number | "sort -t: -k2n"
        }' core/SPEC.md
}

case $what in
symbols)
    [ -s "$top" ] || { echo "check.sh: no archive $top" >&2; exit 2; }
    looked="$top"
    ;;
arrows | headers | switches | lengths | format | words | calls | spec)
    cd "$top"
    looked="$(code | wc -l) files"
    [ "$(code | wc -l)" -gt 0 ] || { echo "check.sh: no sources under $top" >&2; exit 2; }
    ;;
*)
    echo "check.sh: nothing to check is called $what" >&2
    exit 2
    ;;
esac

found=$("check_$what")
if [ -n "$found" ]; then
    printf '%s\n' "$found"
    exit 1
fi
echo "$what: looked at $looked, clean"

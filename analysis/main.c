/* caucus-report: what the front runs for `caucus report DIR`, and `caucus simulate` for a new one.
 */
#include "analysis/render.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    static const char usage[] =
        "usage: caucus report DIR\n\n"
        "Draws timeline.svg and quorum.svg and writes report.html in a run directory anew,\n"
        "from its records alone.\n";
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc != 2) {
        fputs(usage, stderr);
        return 64;
    }
    char *why = NULL;
    int result = analysis_render(argv[1], &why);
    if (result != 0) {
        fprintf(stderr, "caucus report: %s\n", why != NULL ? why : "out of memory");
    }
    free(why);
    return result < 0 ? 65 : 0;
}

/* caucus tune report DIR: DIR/front.svg and front.png, made of DIR/candidates.csv alone. */
#include "analysis/tune/cmd.h"

#include "analysis/plot.h"
#include "core/cli/talk.h"
#include "core/shell/exit.h"
#include "core/shell/file.h"
#include "core/shell/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: caucus tune report DIR\n"
    "\n"
    "Draws DIR/front.svg and DIR/front.png of DIR/candidates.csv, which `caucus tune` writes: the\n"
    "length of each policy that was tried to the end, its risk and its exposure, and which of "
    "them\n"
    "nothing beats.\n"
    "\n"
    "Exit code: 0, also where gnuplot is missing and nothing could be drawn; 64 wrong use; 65 DIR "
    "holds\n"
    "no candidates.\n";

/* What the picture counts on. */
static const char head[] = "candidate,settings,beside,runs,objective_min,objective_low,"
                           "objective_high,exposed_min,suspended_min,role_down_min,risk,front,"
                           "recommended";

/* The runs of those that were raced to the end: the most that any has. */
static unsigned long last_round(const char *text)
{
    unsigned long most = 0;
    for (const char *line = strchr(text, '\n'); line != NULL; line = strchr(line + 1, '\n')) {
        const char *runs = strstr(line, "\",");
        if (runs == NULL) {
            break;
        }
        runs = strchr(runs + 2, ','); /* behind `beside` */
        unsigned long count = runs == NULL ? 0 : strtoul(runs + 1, NULL, 10);
        most = count > most ? count : most;
    }
    return most;
}

static int draw(const char *dir)
{
    char settings[64], *why = NULL, *path = cau_sentence("%s/candidates.csv", dir);
    size_t size = 0;
    char *data = path == NULL ? NULL : cau_read_file(path, &size, &why);
    int code = 0;
    if (data == NULL) {
        code = cau_say_why("tune", why, CAU_EXIT_INPUT);
    } else if (strncmp(data, head, sizeof head - 1) != 0 || data[size - 1] != '\n') {
        cau_say("tune", "%s: must be what `caucus tune` wrote, whole", path);
        code = CAU_EXIT_INPUT;
    } else if (last_round(data) == 0) {
        cau_say("tune", "%s: holds no candidates", path);
        code = CAU_EXIT_INPUT;
    } else {
        snprintf(settings, sizeof settings, "last_round = %lu\n", last_round(data));
        const struct plot plot = {"front",
                                  "Length against risk of the policies that were tried",
                                  analysis_tune_front_gp,
                                  settings,
                                  data,
                                  true};
        int rc = plot_draw(&plot, "gnuplot", dir, &why);
        if (rc == 0) {
            printf("Picture   %s/front.svg\n", dir);
        } else {
            code = cau_say_why("tune", why, rc < 0 ? CAU_EXIT_INPUT : 0);
        }
    }
    free(data);
    free(path);
    return code;
}

int tune_cmd_report(int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        }
    }
    if (argc == 3 && *argv[2] != '-') {
        return draw(argv[2]);
    }
    cau_say("tune", "report: one directory must be given, and nothing else");
    return CAU_EXIT_USAGE;
}

/* Single rows of a campaign: their scenario, and the whole of their run. */
#include "core/cli/talk.h"
#include "core/cli/units.h"
#include "core/shell/exit.h"
#include "core/shell/file.h"
#include "core/shell/text.h"
#include "sim/campaign/open.h"
#include "sim/campaign/work.h"
#include "sim/commands.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How `caucus simulate` makes of the cell's scenario what the campaign made of it. */
static void say_command(const struct design *design, uint32_t cell)
{
    const struct campaign *campaign = design->campaign;
    char *who = design_decider_word(design, cell);
    bool common = campaign->weather == CAMPAIGN_COMMON;
    struct cau_text text;
    cau_text_init(&text);
    cau_text_printf(&text, "run R of this cell is `caucus simulate FILE --engine %s --run %s",
                    campaign_engine(campaign), common ? "R" : "W");
    if (who != NULL && strcmp(who, "core") != 0) {
        cau_text_say(&text, " --decider ");
        cau_text_word(&text, who);
    }
    cau_text_say(&text, common ? "`" : "`, W what results.csv has as its weather");
    text.failed |= who == NULL;
    if (!text.failed) {
        cau_say("campaign", "%s", text.data);
    }
    cau_text_done(&text);
    free(who);
}

static int print_cell(const char *dir, uint32_t cell)
{
    struct open_campaign c;
    char *why = NULL, *text = NULL;
    int code = campaign_open_plan(&c, dir);
    if (code == 0 && cell >= c.design.cells) {
        cau_say("campaign", "CELL: must be 0..%" PRIu32 ", is %" PRIu32, c.design.cells - 1, cell);
        code = CAU_EXIT_USAGE;
    }
    if (code == 0) {
        struct scenario *scenario = design_scenario(&c.design, cell, &why);
        text = scenario == NULL ? NULL : scenario_write(scenario);
        scenario_free(scenario);
        code = text == NULL ? campaign_say_why(why, CAU_EXIT_INPUT) : 0;
    }
    if (code == 0) {
        fputs(text, stdout);
        say_command(&c.design, cell);
    }
    free(text);
    campaign_close(&c);
    return code;
}

/* A cell's scenario as a file of its own, in `folder`; the path is malloc'd. */
static int write_cell(const struct design *design, uint32_t cell, const char *folder,
                      char **ret_path)
{
    char *why = NULL, *text = NULL, *path = cau_sentence("%s/.cell-%" PRIu32 ".json", folder, cell);
    struct scenario *scenario = design_scenario(design, cell, &why);
    int rc = -EINVAL;
    if (scenario != NULL && path != NULL) {
        text = scenario_write(scenario);
        rc = text == NULL ? -ENOMEM : cau_file_replace(path, 0644, text, strlen(text));
    }
    if (rc != 0 && why == NULL && path != NULL) {
        why = cau_sentence("%s: %s", path, strerror(-rc));
    }
    scenario_free(scenario);
    free(text);
    *ret_path = rc == 0 ? path : NULL;
    if (rc != 0) {
        free(path);
        return campaign_say_why(why, CAU_EXIT_INPUT);
    }
    free(why);
    return 0;
}

/* The run of a row, whole: by the command that makes runs. */
static int night(const char *dir, uint32_t cell, uint64_t run, const char *out, bool force)
{
    struct open_campaign c;
    char seed[32], number[32], *path = NULL, *who = NULL;
    int code = campaign_open_plan(&c, dir);
    if (code == 0 && cell >= c.design.cells) {
        code = campaign_wrong("CELL", "the plan has no such cell");
    } else if (code == 0 && run >= c.campaign->runs) {
        code = campaign_wrong("RUN", "the plan makes no such run of a cell");
    }
    code = code == 0 ? write_cell(&c.design, cell, dir, &path) : code;
    if (code == 0) {
        char simulate[] = "simulate", with_engine[] = "--engine", with_seed[] = "--seed";
        char with_run[] = "--run", with_out[] = "--out", with_decider[] = "--decider",
             by_force[] = "--force";
        who = design_decider_word(&c.design, cell);
        char *engine = strdup(campaign_engine(c.campaign)), *to = strdup(out);
        snprintf(seed, sizeof seed, "%" PRIu64, c.campaign->seed);
        snprintf(number, sizeof number, "%" PRIu64, work_weather(c.campaign, cell, run));
        char *argv[] = {simulate,
                        path,
                        with_engine,
                        engine,
                        with_seed,
                        seed,
                        with_run,
                        number,
                        with_out,
                        to,
                        with_decider,
                        who,
                        force ? by_force : NULL,
                        NULL};
        code = engine == NULL || to == NULL || who == NULL
                   ? CAU_EXIT_INTERNAL
                   : sim_cmd_simulate(force ? 13 : 12, argv);
        unlink(path);
        free(engine);
        free(to);
    }
    free(who);
    free(path);
    campaign_close(&c);
    return code;
}

/* ---- the command line ---- */

int campaign_cmd_cell(char **words)
{
    uint64_t cell = 0;
    return cau_whole_read(words[1], 0, UINT32_MAX, &cell)
               ? print_cell(words[0], (uint32_t)cell)
               : campaign_wrong("CELL", "must be a whole number");
}

int campaign_cmd_night(char **words)
{
    uint64_t place[2] = {0, 0};
    const char *out = NULL;
    bool force = false;
    if (!cau_whole_read(words[1], 0, UINT32_MAX, &place[0]) ||
        !cau_whole_read(words[2], 0, CAMPAIGN_RUNS_MAX, &place[1])) {
        return campaign_wrong("CELL RUN", "must be two whole numbers");
    }
    for (char **word = words + 3; *word != NULL; word++) {
        if (strcmp(*word, "--out") == 0 && word[1] != NULL) {
            out = *++word;
        } else if (strcmp(*word, "--force") == 0) {
            force = true;
        } else {
            return campaign_wrong(*word, "must be --out RUNDIR or --force");
        }
    }
    return out == NULL ? campaign_wrong("--out", "a directory must be given")
                       : night(words[0], (uint32_t)place[0], place[1], out, force);
}

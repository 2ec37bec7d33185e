#include "sim/campaign/folder.h"

#include "core/cli/talk.h"
#include "core/shell/rundir.h"
#include "core/shell/text.h"
#include "scenarios/json.h"
#include "sim/campaign/work.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what it is made of ---- */

struct input {
    char *name; /* in the directory */
    char *text;
    size_t size;
};

struct inputs {
    struct input *list; /* the plan, the scenario, the profiles */
    size_t count;
};

static void inputs_done(struct inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++) {
        free(inputs->list[i].name);
        free(inputs->list[i].text);
    }
    free(inputs->list);
}

/* Takes both texts over. */
static int add_input(struct inputs *inputs, char *name, char *text, size_t size)
{
    inputs->list[inputs->count++] = (struct input){name, text, size};
    return name != NULL && text != NULL ? 0 : -ENOMEM;
}

static int gather(struct inputs *inputs, const struct campaign *campaign, char **reterr_why)
{
    char **profiles = calloc(campaign->policy_count, sizeof *profiles);
    int rc = 0;
    inputs->list = calloc(campaign->policy_count + 2, sizeof *inputs->list);
    if (profiles == NULL || inputs->list == NULL) {
        free(profiles);
        return -ENOMEM;
    }
    for (uint32_t i = 0; rc == 0 && i < campaign->policy_count; i++) {
        char *path = campaign_profile_path(campaign, i);
        size_t size = 0;
        if (path != NULL) {
            char *text = cau_read_file(path, &size, reterr_why);
            profiles[i] = cau_sentence("inputs/profile-%s", campaign->policies[i].name);
            rc = add_input(inputs, profiles[i], text, size);
        }
        free(path);
    }
    if (rc == 0) {
        char *scenario = strdup(campaign->scenario_text);
        rc = add_input(inputs, strdup("inputs/scenario.json"), scenario,
                       strlen(campaign->scenario_text));
    }
    if (rc == 0) {
        char *plan = campaign_moved(campaign, "inputs/scenario.json", profiles);
        rc = add_input(inputs, strdup("plan.json"), plan, plan == NULL ? 0 : strlen(plan));
    }
    free(profiles);
    return rc;
}

/* A plan.json may be the plan itself, or anything. */
static bool is_campaign(const char *path)
{
    char *name = cau_sentence("%s/inputs/scenario.json", path);
    bool is = name != NULL && access(name, F_OK) == 0;
    free(name);
    return is;
}

/* Making it would put another one in its place. */
static bool is_where_we_are(const char *path)
{
    struct stat is, here;
    return stat(path, &is) == 0 && stat(".", &here) == 0 && is.st_dev == here.st_dev &&
           is.st_ino == here.st_ino;
}

/* " in KEY", the first member of one that the other has not alike, malloc'd; "": that cannot be
 * said; NULL: no memory. */
static char *member_that_differs(const char *one, const char *other)
{
    char *why[2] = {NULL, NULL}, *ret = NULL;
    struct scn_json *a = scn_json_parse(one, strlen(one), &why[0]);
    struct scn_json *b = scn_json_parse(other, strlen(other), &why[1]);
    const struct scn_json *m = NULL;
    if (a != NULL && b != NULL) {
        m = scn_json_unlike(a, b);
        m = m == NULL ? scn_json_unlike(b, a) : m;
    }
    ret = m == NULL ? strdup("") : cau_sentence(" in %s", scn_json_key(m));
    free(why[0]);
    free(why[1]);
    scn_json_free(a);
    scn_json_free(b);
    return ret;
}

static int compare(const char *path, const struct inputs *inputs, char **reterr_why)
{
    for (size_t i = 0; i < inputs->count; i++) {
        size_t size = 0;
        char *name = cau_sentence("%s/%s", path, inputs->list[i].name);
        char *text = name == NULL ? NULL : cau_read_file(name, &size, reterr_why);
        bool same = text != NULL && size == inputs->list[i].size &&
                    memcmp(text, inputs->list[i].text, size) == 0;
        if (text != NULL && !same) {
            char *member = member_that_differs(text, inputs->list[i].text);
            *reterr_why = cau_sentence("%s: holds a campaign of another plan: %s differs%s", path,
                                       inputs->list[i].name, member == NULL ? "" : member);
            free(member);
        }
        free(text);
        free(name);
        if (!same) {
            return -EEXIST;
        }
    }
    return 0;
}

static int create(const char *path, const struct inputs *inputs, char **reterr_why)
{
    struct cau_rundir dir;
    if (cau_rundir_is_free(path) == 0) {
        *reterr_why = cau_sentence("%s: holds files, and no campaign's plan.json", path);
        return -EEXIST;
    }
    if (is_where_we_are(path)) {
        *reterr_why = cau_sentence("%s: is the directory you are in; name one inside it", path);
        return -EEXIST;
    }
    int rc = cau_rundir_open(&dir, path, 0, reterr_why);
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; rc == 0 && i < inputs->count; i++) {
        const struct input *input = &inputs->list[i];
        rc = cau_rundir_put(&dir, input->name, input->text, input->size, reterr_why);
    }
    if (rc == 0) {
        return cau_rundir_commit(&dir, reterr_why);
    }
    cau_rundir_abandon(&dir);
    return rc;
}

int folder_make(const char *path, const struct campaign *campaign, char **reterr_why)
{
    struct inputs inputs = {0};
    char *plan = cau_sentence("%s/plan.json", path);
    *reterr_why = NULL;
    int rc = plan == NULL ? -ENOMEM : gather(&inputs, campaign, reterr_why);
    bool there = rc == 0 && access(plan, F_OK) == 0;
    if (there && !is_campaign(path)) {
        *reterr_why = cau_sentence("%s: holds a plan.json that is no campaign's; give an empty "
                                   "directory, or none",
                                   path);
        rc = -EEXIST;
    } else if (rc == 0) {
        rc = (there ? compare : create)(path, &inputs, reterr_why);
    }
    free(plan);
    inputs_done(&inputs);
    return rc;
}

struct campaign *folder_campaign(const char *path, char **reterr_why)
{
    char *plan = cau_sentence("%s/plan.json", path);
    struct campaign *campaign = plan == NULL ? NULL : campaign_read_file(plan, reterr_why);
    free(plan);
    return campaign;
}

struct store *folder_store(const char *path, char **reterr_why)
{
    char *name = cau_sentence("%s/" FOLDER_DB, path);
    struct store *store = name == NULL ? NULL : store_open(name, reterr_why);
    free(name);
    return store;
}

/* ---- results.csv ---- */

struct writer {
    FILE *file;
    const struct design *design;
    struct cau_text cell; /* of the row's beginning what belongs to its cell */
    uint32_t of;          /* the cell it is about */
    bool any;
};

/* A value, quoted where CSV wants it. */
static void say_value(struct cau_text *text, const char *value)
{
    bool plain = strcspn(value, ",\"\r\n") == strlen(value);
    cau_text_say(text, plain ? "" : "\"");
    for (const char *at = value; *at != '\0'; at++) {
        cau_text_say(text, *at == '"' ? "\"" : "");
        cau_text_add(text, at, 1);
    }
    cau_text_say(text, plain ? "" : "\"");
}

static bool begin_cell(struct writer *writer, uint32_t cell)
{
    const struct campaign *campaign = writer->design->campaign;
    struct cau_text *text = &writer->cell;
    bool good = true;
    cau_text_clear(text);
    cau_text_printf(text, "%" PRIu32 ",%s", cell,
                    campaign->policies[design_policy(writer->design, cell)].name);
    for (uint32_t f = 0; good && f < campaign->factor_count; f++) {
        char *json = design_value(writer->design, cell, f);
        char *value = json == NULL ? NULL : design_shown(json);
        good = value != NULL;
        cau_text_say(text, ",");
        say_value(text, good ? value : "");
        free(value);
        free(json);
    }
    cau_text_printf(text, ",%" PRIu64, campaign->seed);
    writer->of = cell;
    writer->any = true;
    return good && !text->failed;
}

static void print_measure(FILE *file, size_t column, int64_t value)
{
    switch (sim_measure_columns[column].type) {
    case SIM_WORD:
        fprintf(file, ",%s", sim_ending_words[value]);
        break;
    case SIM_HASH:
        fprintf(file, ",%016" PRIx64, (uint64_t)value);
        break;
    case SIM_COUNT:
    case SIM_MSEC:
        if (value == SIM_NONE) {
            fputc(',', file);
        } else {
            fprintf(file, ",%" PRId64, value);
        }
        break;
    }
}

static int write_row(void *ctx, uint32_t cell, uint64_t run, const struct sim_measures *row)
{
    struct writer *writer = ctx;
    if ((!writer->any || writer->of != cell) && !begin_cell(writer, cell)) {
        return -ENOMEM;
    }
    fprintf(writer->file, "%s,%" PRIu64 ",%" PRIu64, writer->cell.data, run,
            work_weather(writer->design->campaign, cell, run));
    for (size_t i = 0; i < SIM_MEASURES; i++) {
        print_measure(writer->file, i, row->of[i]);
    }
    fputc('\n', writer->file);
    return 0;
}

static void write_head(FILE *file, const struct campaign *campaign)
{
    fputs("cell,policy", file);
    for (uint32_t f = 0; f < campaign->factor_count; f++) {
        fprintf(file, ",%s", campaign->factors[f].name);
    }
    fputs(",seed,run,weather", file);
    for (size_t i = 0; i < SIM_MEASURES; i++) {
        fprintf(file, ",%s", sim_measure_columns[i].name);
    }
    fputc('\n', file);
}

static int write_file(const char *path, struct writer *writer, struct store *store,
                      char **reterr_why)
{
    writer->file = fopen(path, "we");
    if (writer->file == NULL) {
        *reterr_why = cau_sentence("%s: %s", path, strerror(errno));
        return -EIO;
    }
    write_head(writer->file, writer->design->campaign);
    int rc = store_each(store, STORE_ALL, write_row, writer, reterr_why);
    bool written =
        ferror(writer->file) == 0 && fflush(writer->file) == 0 && fsync(fileno(writer->file)) == 0;
    written = fclose(writer->file) == 0 && written;
    if (rc == 0 && !written) {
        *reterr_why = cau_sentence("%s: %s", path, strerror(errno));
        rc = -EIO;
    }
    return rc;
}

/* Writes them beside their place. */
static int write_part(const char *path, const struct design *design, struct store *store,
                      char **reterr_why)
{
    struct writer writer = {.design = design};
    cau_text_init(&writer.cell);
    int rc = write_file(path, &writer, store, reterr_why);
    cau_text_done(&writer.cell);
    if (rc != 0) {
        unlink(path);
    }
    return rc;
}

int folder_check_results(const char *path, const struct design *design, struct store *store,
                         char **reterr_why)
{
    char *name = cau_sentence("%s/results.csv", path),
         *part = cau_sentence("%s/results.part", path);
    char *is = NULL, *should = NULL;
    size_t is_size = 0, should_size = 0;
    *reterr_why = NULL;
    int rc = name == NULL || part == NULL ? -ENOMEM : 0;
    if (rc == 0 && access(name, F_OK) == 0) {
        rc = write_part(part, design, store, reterr_why);
        is = rc == 0 ? cau_read_file(name, &is_size, reterr_why) : NULL;
        should = is != NULL ? cau_read_file(part, &should_size, reterr_why) : NULL;
        rc = rc != 0 || should == NULL                                    ? -EIO
             : is_size == should_size && memcmp(is, should, is_size) == 0 ? 0
                                                                          : 1;
        unlink(part);
    }
    free(is);
    free(should);
    free(name);
    free(part);
    return rc;
}

int folder_results(const char *path, const struct design *design, struct store *store,
                   char **reterr_why)
{
    char *name = cau_sentence("%s/results.csv", path),
         *part = cau_sentence("%s/results.part", path);
    int rc = -ENOMEM;
    *reterr_why = NULL;
    if (name != NULL && part != NULL) {
        rc = write_part(part, design, store, reterr_why);
        if (rc == 0 && rename(part, name) != 0) {
            *reterr_why = cau_sentence("%s: %s", name, strerror(errno));
            rc = -EIO;
        }
    }
    free(name);
    free(part);
    return rc;
}

void folder_columns(void)
{
    static const char *const own[][3] = {
        {"cell", "", "number of the cell: one policy at one point of the design"},
        {"policy", "", "its name in the plan"},
        {"(factors)", "", "one column for each factor of the plan: its value"},
        {"seed", "", "of the plan"},
        {"run", "", "its number in the cell"},
        {"weather", "",
         "what the run met: of the same seed and weather everything is the same but what a "
         "policy decides"},
    };
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        printf("%-15s %-6s %s\n", own[i][0], own[i][1], own[i][2]);
    }
    for (size_t i = 0; i < SIM_MEASURES; i++) {
        printf("%-15s %-6s %s\n", sim_measure_columns[i].name, sim_measure_columns[i].unit,
               sim_measure_columns[i].what);
    }
}

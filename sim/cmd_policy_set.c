/* caucus policy set: changes a profile, or begins one. */
#define _GNU_SOURCE 1
#include "core/cli/talk.h"
#include "core/shell/exit.h"
#include "core/shell/file.h"
#include "scenarios/clixml.h"
#include "scenarios/profile.h"
#include "sim/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char usage[] =
    "usage: caucus policy set FILE NAME=VALUE...\n"
    "\n"
    "Sets options in the profile FILE, or makes it. NAME= alone takes an option out, so that its\n"
    "default holds again. cau_plugin_arguments= is given once for each plug-in, and replaces those "
    "that\n"
    "were there. FILE is changed whole\n"
    "or not at all. `caucus policy explain` lists the options.\n"
    "\n"
    "Exit code: 0; 64 wrong use; 65 bad profile or value.\n";

#define ONE UINT64_C(1)

/* Sets what one word says. 0 or an exit code after a sentence. */
static int set_one(struct cau_options *options, uint64_t *taken_out, const char *word)
{
    word += strspn(word, "-"); /* as caucus run takes it */
    const char *equals = strchr(word, '=');
    char *why = NULL, *name = equals != NULL ? strndup(word, (size_t)(equals - word)) : NULL;
    if (equals == NULL) {
        cau_say("policy", "%s: must be NAME=VALUE", word);
        return CAU_EXIT_USAGE;
    }
    const struct cau_option *option = name != NULL ? cau_option_find_any(name) : NULL;
    if (option == NULL && name != NULL) {
        why = cau_option_unknown("no such option; `caucus policy explain` lists all", name);
        cau_say("policy", "%s: %s", name, why != NULL ? why : "no such option");
        free(why);
    }
    free(name);
    if (option == NULL) {
        return CAU_EXIT_USAGE;
    }
    uint64_t bit = ONE << (option - cau_option_table);
    if (equals[1] == '\0') {
        *taken_out |= bit;
        return 0;
    }
    *taken_out &= ~bit;
    return cau_option_set_text(options, option, equals + 1, &why) == 0
               ? 0
               : cau_say_why("policy", why, CAU_EXIT_INPUT);
}

static bool is_xml(const char *path)
{
    char *why = NULL;
    size_t size = 0;
    char *text = cau_read_file(path, &size, &why);
    bool xml = text != NULL && scn_is_xml(text, size);
    free(why);
    free(text);
    return xml;
}

static int save(const char *path, const struct cau_options *options, unsigned mode)
{
    char *text = scenario_profile_write(options);
    char *real = realpath(path, NULL); /* what a link leads to is changed, not the link */
    if (text == NULL) {
        free(real);
        return cau_say_why("policy", NULL, CAU_EXIT_INTERNAL);
    }
    int rc = cau_file_replace(real != NULL ? real : path, mode, text, strlen(text));
    free(real);
    if (rc < 0) {
        cau_say("policy", "%s: cannot be written: %s", path, strerror(-rc));
    } else {
        fputs(text, stdout);
    }
    free(text);
    return rc < 0 ? CAU_EXIT_INPUT : 0;
}

/* Each name of a list is there once, but plug-ins, of which one may run twice. */
static int check_names(const struct cau_options *options)
{
    char buf[CAU_UNIT_MAX];
    for (size_t i = 0; i < cau_option_count; i++) {
        const struct cau_option *option = &cau_option_table[i];
        if (option->type != CAU_OPTION_NAMES || strcmp(option->name, "cau_plugin_name") == 0) {
            continue;
        }
        const struct cau_value value = cau_option_get(options, option, buf);
        for (size_t k = 0; k < value.count * value.count; k++) {
            const char *one = value.names[k / value.count], *other = value.names[k % value.count];
            if (one != other && strcmp(one, other) == 0) {
                cau_say("policy", "%s: \"%s\" is there twice", option->name, one);
                return CAU_EXIT_INPUT;
            }
        }
    }
    return 0;
}

static int set(const char *path, char **words, struct cau_options *options)
{
    struct stat status;
    uint64_t before = 0, taken_out = 0;
    char *why = NULL;
    bool there = stat(path, &status) == 0;
    if (there && is_xml(path)) {
        cau_say("policy", "%s: is CAU's own XML, which is read and not written; give another FILE",
                path);
        return CAU_EXIT_INPUT;
    }
    if ((there || errno != ENOENT) && scenario_profile_read(path, options, &why) != 0) {
        return cau_say_why("policy", why, CAU_EXIT_INPUT);
    }
    before = options->given;
    options->given = 0;
    for (; *words != NULL; words++) {
        int code = set_one(options, &taken_out, *words);
        if (code != 0) {
            return code;
        }
    }
    options->given = (options->given | before) & ~taken_out;
    if (cau_options_check_sets(options, &why) < 0) {
        return cau_say_why("policy", why, CAU_EXIT_INPUT);
    }
    int code = check_names(options);
    return code != 0 ? code : save(path, options, there ? status.st_mode & 0777 : 0644);
}

int sim_cmd_policy_set(int argc, char **argv)
{
    struct cau_options options;
    if (argc > 2 && strcmp(argv[2], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc < 4) {
        fputs(usage, stderr);
        return CAU_EXIT_USAGE;
    }
    if (cau_options_init(&options) < 0) {
        return cau_say_why("policy", NULL, CAU_EXIT_INTERNAL);
    }
    options.given = 0;
    int code = set(argv[2], argv + 3, &options);
    cau_options_done(&options);
    return code;
}

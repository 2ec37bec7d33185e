/* The scenario's policy as profiles that `caucus run --profile` reads: the same options, the same
 * words. What differs is only what a simulation needs no more than a name for: plug-ins become the
 * programs apt and exec, scripts become files that do what the scenario says of them. */
#include "real-backend/testbed/made.h"
#include "real-backend/testbed/testbed.h"
#include "real-backend/testbed/tree.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct profile {
    const struct tb_tree *tree;
    const char *dir; /* in the tree, "" or ending in / */
    const char *at;  /* how whoever reads the profile calls that place: absolute */
    const struct scenario *scenario;
    const struct cau_options *options;
    char **reterr_why;
};

/* ---- plug-ins ----------------------------------------------------------------------------- */

/* The plug-ins of the run, as indexes of the scenario's: those that are named, or all. */
static uint32_t chosen(const struct profile *p, uint32_t i)
{
    for (uint32_t k = 0; p->options->plugin_name_count > 0 && k < p->scenario->plugin_count; k++) {
        if (strcmp(p->scenario->plugins[k].name, p->options->plugin_names[i]) == 0) {
            return k;
        }
    }
    return i;
}

static uint32_t chosen_count(const struct profile *p)
{
    return p->options->plugin_name_count > 0 ? p->options->plugin_name_count
                                             : p->scenario->plugin_count;
}

/* "Name": "[\"word\", ...]": a command is a JSON list in a text. */
static void add_command(struct cau_text *text, const char *name, const struct cau_text *words)
{
    struct cau_text list;
    cau_text_init(&list);
    cau_text_say(&list, "[");
    for (const char *at = words->data; *at != '\0';) {
        size_t size = strcspn(at, " ");
        cau_text_say(&list, at == words->data ? "\"" : ", \"");
        cau_text_add(&list, at, size);
        cau_text_say(&list, "\"");
        at += size;
        at += strspn(at, " ");
    }
    cau_text_say(&list, "]");
    cau_text_printf(text, "\"%s\": ", name);
    cau_text_quote(text, list.data);
    text->failed |= list.failed;
    cau_text_done(&list);
}

static void add_exec(struct cau_text *text, const struct scenario *s, uint32_t plugin)
{
    const struct scenario_update *update = NULL;
    for (uint32_t u = 0; u < s->update_count; u++) {
        update = s->updates[u].plugin == plugin ? &s->updates[u] : update;
    }
    char *name = update != NULL ? tb_package(update->id) : NULL;
    struct cau_text words;
    cau_text_init(&words);
    text->failed |= name == NULL;
    if (name != NULL) {
        cau_text_say(&words, "/" TB_LIB "/update ");
        tb_add_install(&words, s, update, name);
        add_command(text, "Command", &words);
        cau_text_clear(&words);
        cau_text_printf(&words, "/" TB_LIB "/check %s", name);
        cau_text_say(text, ", ");
        add_command(text, "Check", &words);
        cau_text_say(text, ", \"Id\": ");
        cau_text_quote(text, name);
        cau_text_say(text, ", \"Title\": ");
        cau_text_quote(text, update->title);
        cau_text_say(text, ", \"Success_RebootRequired\": \"" TB_EXEC_RESTART "\"");
    }
    cau_text_done(&words);
    free(name);
}

static void add_plugins(struct cau_text *text, const struct profile *p)
{
    uint32_t count = chosen_count(p);
    bool any = false;
    cau_text_say(text, "  \"cau_plugin_name\": [");
    for (uint32_t i = 0; i < count; i++) {
        bool exec = tb_plugin_is_exec(p->scenario, chosen(p, i));
        cau_text_printf(text, "%s\"%s\"", i > 0 ? ", " : "", exec ? "exec" : "apt");
        any |= exec;
    }
    cau_text_say(text, "]");
    if (!any) {
        return;
    }
    cau_text_say(text, ",\n  \"cau_plugin_arguments\": [");
    for (uint32_t i = 0; i < count; i++) {
        cau_text_say(text, i > 0 ? ", {" : "{");
        if (tb_plugin_is_exec(p->scenario, chosen(p, i))) {
            add_exec(text, p->scenario, chosen(p, i));
        }
        cau_text_say(text, "}");
    }
    cau_text_say(text, "]");
}

/* ---- scripts ------------------------------------------------------------------------------ */

static const struct {
    const char *option, *file;
} scripts[] = {{"pre_update_script", "pre-script"}, {"post_update_script", "post-script"}};

/* Puts a text in its place, which ends here. */
static int put_text(const struct profile *p, const char *file, mode_t mode, struct cau_text *text)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s%s", p->dir, file);
    return tb_tree_put_text(p->tree, path, mode, text, p->reterr_why);
}

static int put_script(const struct profile *p, const char *file,
                      const struct scenario_script *script)
{
    struct cau_text text;
    cau_text_init(&text);
    cau_text_say(&text, "#!/bin/sh\n");
    if (script->present) {
        cau_text_say(&text, "sleep ");
        tb_add_seconds(&text, script->duration.a);
        cau_text_say(&text, "\ncase $(uname -n) in\n");
        for (uint32_t i = 0; i < script->fails_on_count; i++) {
            cau_text_printf(&text,
                            "%s) echo 'this script fails, says the scenario' >&2; exit 1;;\n",
                            p->scenario->nodes[script->fails_on[i]].name);
        }
        cau_text_say(&text, "esac\n");
    }
    return put_text(p, file, 0755, &text);
}

/* ---- options ------------------------------------------------------------------------------ */

static void add_names(struct cau_text *text, const struct cau_value *value)
{
    cau_text_say(text, "[");
    for (size_t i = 0; i < value->count; i++) {
        cau_text_say(text, i > 0 ? ", " : "");
        cau_text_quote(text, value->names[i]);
    }
    cau_text_say(text, "]");
}

static void add_value(struct cau_text *text, const struct cau_value *value)
{
    switch (value->kind) {
    case CAU_VALUE_BOOL:
        cau_text_say(text, value->truth ? "true" : "false");
        break;
    case CAU_VALUE_NUMBER:
        cau_text_printf(text, "%.17g", value->number);
        break;
    case CAU_VALUE_TEXT:
        cau_text_quote(text, value->text);
        break;
    case CAU_VALUE_NAMES:
        add_names(text, value);
        break;
    case CAU_VALUE_TABLES: /* of plug-ins: add_plugins */
    case CAU_VALUE_OTHER:
        cau_text_say(text, "null");
        break;
    }
}

static const char *script_of(const char *option)
{
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        if (strcmp(scripts[i].option, option) == 0) {
            return scripts[i].file;
        }
    }
    return NULL;
}

static void add_option(struct cau_text *text, const struct profile *p,
                       const struct cau_option *option)
{
    char buf[CAU_UNIT_MAX], path[PATH_MAX];
    struct cau_value value = cau_option_get(p->options, option, buf);
    const char *script = script_of(option->name);
    if (script != NULL && value.kind == CAU_VALUE_TEXT && *value.text != '\0') {
        snprintf(path, sizeof path, "%s/%s", p->at, script);
        value.text = path;
    }
    cau_text_printf(text, ",\n  \"%s\": ", option->name);
    add_value(text, &value);
}

/* Has the option another value than anybody would get without it, and does it belong here? */
static bool is_said(const struct profile *p, const struct cau_options *plain,
                    const struct cau_option *option)
{
    return strncmp(option->name, "cau_plugin_", 11) != 0 &&
           (!p->options->force_recovery || (option->sets & CAU_SET_RECOVER)) &&
           !cau_option_equal(p->options, plain, option);
}

static int put_profile(const struct profile *p, const char *file)
{
    struct cau_options plain;
    struct cau_text text;
    if (cau_options_init(&plain) < 0) {
        return tb_tree_fail(file, ENOMEM, p->reterr_why);
    }
    cau_text_init(&text);
    cau_text_say(&text, "{\n");
    if (p->options->force_recovery) {
        cau_text_printf(&text, "  \"cluster_name\": \"%s\"", p->scenario->cluster);
    } else {
        add_plugins(&text, p);
    }
    for (size_t i = 0; i < cau_option_count; i++) {
        if (is_said(p, &plain, &cau_option_table[i]) &&
            (!p->options->force_recovery ||
             strcmp(cau_option_table[i].name, "cluster_name") != 0)) {
            add_option(&text, p, &cau_option_table[i]);
        }
    }
    cau_text_say(&text, "\n}\n");
    cau_options_done(&plain);
    return put_text(p, file, 0644, &text);
}

int tb_put_profiles(const struct tb_tree *tree, const char *dir, const char *at,
                    const struct scenario *scenario, char **reterr_why)
{
    struct profile p = {tree, dir, at, scenario, &scenario->options, reterr_why};
    int r = put_profile(&p, "profile.json");
    r = r < 0 ? r : put_script(&p, scripts[0].file, &scenario->pre);
    r = r < 0 ? r : put_script(&p, scripts[1].file, &scenario->post);
    for (uint32_t i = 0; i < scenario->coordinator_count && r == 0; i++) {
        char *file = cau_sentence("profile-%s.json", scenario->coordinators[i].name);
        p.options = &scenario->coordinators[i].options;
        r = file != NULL ? put_profile(&p, file) : tb_tree_fail("profile", ENOMEM, reterr_why);
        free(file);
    }
    return r;
}

int tb_profiles(const char *state_dir, const struct scenario *scenario, char **reterr_why)
{
    struct tb_tree tree = {state_dir, NULL};
    return tb_put_profiles(&tree, "", state_dir, scenario, reterr_why);
}

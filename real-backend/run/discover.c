/* See discover.h. The cluster is written as a scenario's text, which the scenarios' own strict
 * reader then takes: whatever it would not take is refused by a sentence here, with the name that
 * an administrator knows. */
#include "real-backend/run/discover.h"

#include "core/shell/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- corosync-cmapctl: "KEY (TYPE) = VALUE", one a line ------------------------------------- */

/* The value of a key, to be freed; NULL: it is not there. */
static char *cmap_get(const char *text, const char *key)
{
    size_t size = strlen(key);
    for (const char *line = text; line != NULL && *line != '\0';) {
        size_t length = strcspn(line, "\n");
        const char *value = strncmp(line, key, size) == 0 && line[size] == ' '
                                ? memmem(line, length, " = ", 3)
                                : NULL;
        if (value != NULL) {
            return strndup(value + 3, (size_t)(line + length - value) - 3);
        }
        line += length;
        line += *line == '\n';
    }
    return NULL;
}

static uint64_t cmap_number(const char *text, const char *key, uint64_t fallback)
{
    char *value = cmap_get(text, key), *end = NULL;
    uint64_t number = value != NULL ? strtoull(value, &end, 10) : fallback;
    if (value != NULL && (end == value || *end != '\0')) {
        number = fallback;
    }
    free(value);
    return number;
}

/* ---- what is refused ------------------------------------------------------------------------ */

static bool is_name(const char *text)
{
    static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "._-+~:@";
    size_t size = strlen(text);
    return size > 0 && size <= 255 && strspn(text, legal) == size;
}

static char *refuse_nodes(const struct picture *picture)
{
    for (uint32_t i = 0; i < picture->node_count; i++) {
        const struct picture_node *node = &picture->nodes[i];
        if (node->facts.kind != CAU_KIND_MEMBER) {
            return cau_sentence("node %s: is a Pacemaker Remote or guest node, which this version "
                                "does not update",
                                node->name);
        }
        if (!is_name(node->name)) {
            return cau_sentence("node \"%s\": its name must be of letters, digits and ._-+~:@, at "
                                "most 255",
                                node->name);
        }
        if (*node->site != '\0' && !is_name(node->site)) {
            return cau_sentence("node %s: its attribute site must be of letters, digits and "
                                "._-+~:@, is \"%s\"",
                                node->name, node->site);
        }
    }
    return NULL;
}

static char *refuse_quorum(const char *quorum)
{
    char *breaker = cmap_get(quorum, "quorum.auto_tie_breaker_node");
    char *algorithm = cmap_get(quorum, "quorum.device.net.algorithm");
    char *model = cmap_get(quorum, "quorum.device.model");
    char *why = NULL;
    if (breaker != NULL && strcmp(breaker, "lowest") != 0) {
        why = cau_sentence("quorum.auto_tie_breaker_node: must be lowest to be reckoned with, is "
                           "%s",
                           breaker);
    } else if (model != NULL && strcmp(model, "net") != 0) {
        why = cau_sentence("quorum.device.model: must be net to be reckoned with, is %s", model);
    } else if (model != NULL && (algorithm == NULL || (strcmp(algorithm, "ffsplit") != 0 &&
                                                       strcmp(algorithm, "lms") != 0))) {
        why = cau_sentence("quorum.device.net.algorithm: must be ffsplit or lms to be reckoned "
                           "with, is %s",
                           algorithm != NULL ? algorithm : "not there");
    }
    free(breaker);
    free(algorithm);
    free(model);
    return why;
}

const char *run_discover_name(const struct real_answer *answer)
{
    const struct picture *picture = &answer->picture;
    bool alone =
        *picture->cluster_name == '\0' && *answer->totem == '\0' && picture->node_count == 1;
    return alone ? picture->nodes[0].name : picture->cluster_name;
}

static char *refuse(const struct real_answer *answer)
{
    const struct picture *picture = &answer->picture;
    if (picture->bundle != NULL) {
        return cau_sentence("%s: is a bundle, and this version does not update clusters with "
                            "bundles",
                            picture->bundle);
    }
    if (picture->node_count == 0) {
        return cau_sentence("the cluster has no nodes");
    }
    if (!is_name(run_discover_name(answer))) {
        return cau_sentence("the cluster's name (property cluster-name) must be of letters, digits "
                            "and ._-+~:@, is \"%s\"",
                            run_discover_name(answer));
    }
    char *why = refuse_nodes(picture);
    return why != NULL ? why : refuse_quorum(answer->quorum);
}

/* ---- the text ------------------------------------------------------------------------------- */

static void say_truth(struct cau_text *text, const char *quorum, const char *option)
{
    char key[128];
    snprintf(key, sizeof key, "quorum.%s", option);
    char *value = cmap_get(quorum, key);
    if (value != NULL) {
        bool on = strcmp(value, "1") == 0 || strcmp(value, "yes") == 0;
        cau_text_printf(text, ", \"%s\": %s", option, on ? "true" : "false");
    }
    free(value);
}

static void say_quorum(struct cau_text *text, const char *quorum)
{
    static const char *const truths[] = {"two_node",          "wait_for_all",
                                         "last_man_standing", "auto_tie_breaker",
                                         "allow_downscale",   "expected_votes_tracking"};
    uint64_t expected = cmap_number(quorum, "quorum.expected_votes", 0);
    uint64_t window = cmap_number(quorum, "quorum.last_man_standing_window", 10000);
    uint64_t votes = cmap_number(quorum, "quorum.device.votes", UINT64_MAX);
    char *algorithm = cmap_get(quorum, "quorum.device.net.algorithm");
    cau_text_printf(text, "\"quorum\": {\"last_man_standing_window\": \"%" PRIu64 "ms\"", window);
    if (expected > 0) {
        cau_text_printf(text, ", \"expected_votes\": %" PRIu64, expected);
    }
    for (size_t i = 0; i < sizeof truths / sizeof truths[0]; i++) {
        say_truth(text, quorum, truths[i]);
    }
    if (algorithm != NULL) {
        cau_text_printf(text, ", \"witness\": {\"algorithm\": \"%s\"", algorithm);
        if (votes != UINT64_MAX) {
            cau_text_printf(text, ", \"votes\": %" PRIu64, votes);
        }
        cau_text_say(text, "}");
    }
    cau_text_say(text, "}");
    free(algorithm);
}

/* Corosync's times: how long until a loss is noticed, and until a membership has settled. */
static void say_times(struct cau_text *text, const struct real_answer *answer)
{
    if (*answer->totem == '\0') { /* one machine, nothing that could disagree */
        cau_text_say(text, ", \"lock_settle\": \"0s\"");
        return;
    }
    uint64_t token = cmap_number(answer->totem, "runtime.config.totem.token", 3000);
    uint64_t consensus =
        cmap_number(answer->totem, "runtime.config.totem.consensus", token + token / 5);
    cau_text_printf(text, ", \"detection\": \"%" PRIu64 "ms\", \"lock_settle\": \"%" PRIu64 "ms\"",
                    token + consensus, token + consensus + 2000);
}

static const char *site_of(const struct picture_node *node)
{
    return *node->site != '\0' ? node->site : "no-site";
}

/* Each site once, in the order of the nodes. */
static void say_sites(struct cau_text *text, const struct picture *picture)
{
    const char *between = "";
    cau_text_say(text, ",\n\"sites\": [");
    for (uint32_t i = 0; i < picture->node_count; i++) {
        bool known = false;
        for (uint32_t j = 0; j < i; j++) {
            known |= strcmp(site_of(&picture->nodes[i]), site_of(&picture->nodes[j])) == 0;
        }
        if (!known) {
            cau_text_printf(text, "%s{\"name\": \"%s\"}", between, site_of(&picture->nodes[i]));
            between = ", ";
        }
    }
    cau_text_say(text, "]");
}

static const char *truth(bool value)
{
    return value ? "true" : "false";
}

static void say_node(struct cau_text *text, const struct picture_node *node)
{
    const struct cau_node_facts *facts = &node->facts;
    uint32_t set = facts->feature_set;
    cau_text_printf(text, "{\"name\": \"%s\", \"site\": \"%s\", \"votes\": %u, \"online\": %s",
                    node->name, site_of(node), facts->votes, truth(facts->member));
    cau_text_printf(text, ", \"standby\": %s, \"restart_needed\": %s, \"storage_degraded\": %s",
                    truth(facts->standby == CAU_STANDBY_OTHER), truth(facts->restart_needed),
                    truth(!facts->storage_ok));
    cau_text_printf(text, ", \"updating_suspended\": %s", truth(node->updating_suspended));
    cau_text_say(text, node->bypasses_soft_reboot ? ", \"soft_reboot\": \"opt_out\"" : "");
    if (set != 0) {
        cau_text_printf(text, ", \"feature_set\": \"%u.%u.%u\"", set / 1000000, set / 1000 % 1000,
                        set % 1000);
    } else {
        cau_text_say(text, ", \"feature_set\": \"\"");
    }
    cau_text_say(text, "}");
}

/* By Corosync's node id, since the lowest one is the tie-breaker. */
static int by_id(const void *a, const void *b)
{
    const struct picture_node *x = *(const struct picture_node *const *)a;
    const struct picture_node *y = *(const struct picture_node *const *)b;
    uint64_t i = strtoull(x->id, NULL, 10), j = strtoull(y->id, NULL, 10);
    return i != j ? (i > j) - (i < j) : strcmp(x->name, y->name);
}

static bool say_nodes(struct cau_text *text, const struct picture *picture)
{
    const struct picture_node **order = calloc(picture->node_count, sizeof *order);
    if (order == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < picture->node_count; i++) {
        order[i] = &picture->nodes[i];
    }
    qsort(order, picture->node_count, sizeof *order, by_id);
    cau_text_say(text, ",\n\"nodes\": [");
    for (uint32_t i = 0; i < picture->node_count; i++) {
        cau_text_say(text, i > 0 ? ",\n    " : "\n    ");
        say_node(text, order[i]);
    }
    cau_text_say(text, "]");
    free(order);
    return true;
}

/* Is the role there before, under the same name? Instances of a clone may be. */
static bool is_named_before(const struct picture *picture, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        if (strcmp(picture->roles[i].id, picture->roles[index].id) == 0) {
            return true;
        }
    }
    return false;
}

/* Roles that are active; where they are is what a simulation begins with. */
static void say_roles(struct cau_text *text, const struct picture *picture)
{
    const char *between = "";
    cau_text_say(text, ",\n\"roles\": [");
    for (uint32_t i = 0; i < picture->role_count; i++) {
        const struct picture_role *role = &picture->roles[i];
        if (*role->node == '\0' || !is_name(role->id)) {
            continue;
        }
        bool again = is_named_before(picture, i);
        cau_text_printf(text, "%s\n    {\"name\": \"%s", between, role->id);
        if (again) {
            cau_text_printf(text, "@%u", i);
        }
        cau_text_printf(text, "\", \"node\": \"%s\"", role->node);
        cau_text_printf(text, ", \"promoted\": %s, \"movable\": %s}", truth(role->promoted),
                        truth(role->movable));
        between = ",";
    }
    cau_text_say(text, "]");
}

/* A plug-in that is named twice is one that runs twice. */
static void say_plugins(struct cau_text *text, char *const *plugins, uint32_t count)
{
    const char *between = "";
    cau_text_say(text, ",\n\"plugins\": [");
    for (uint32_t i = 0; i < count; i++) {
        bool again = false;
        for (uint32_t j = 0; j < i; j++) {
            again |= strcmp(plugins[i], plugins[j]) == 0;
        }
        if (!again) {
            cau_text_printf(text, "%s{\"name\": ", between);
            cau_text_quote(text, plugins[i]);
            cau_text_say(text, "}");
            between = ", ";
        }
    }
    cau_text_say(text, "]");
}

char *run_discover_text(const struct real_answer *answer, char *const *plugins,
                        uint32_t plugin_count, char **reterr_why)
{
    struct cau_text text;
    *reterr_why = refuse(answer);
    if (*reterr_why != NULL) {
        return NULL;
    }
    cau_text_init(&text);
    cau_text_printf(&text, "{\"caucus\": 1, \"name\": \"%s\",\n\"cluster\": {\"name\": \"%s\", ",
                    run_discover_name(answer), run_discover_name(answer));
    say_quorum(&text, answer->quorum);
    say_times(&text, answer);
    cau_text_say(&text, answer->picture.enable_soft_reboot ? ", \"enable_soft_reboot\": true" : "");
    cau_text_say(&text, "}");
    say_sites(&text, &answer->picture);
    bool good = say_nodes(&text, &answer->picture);
    say_roles(&text, &answer->picture);
    say_plugins(&text, plugins, plugin_count);
    cau_text_say(&text, ",\n\"scripts\": {\"pre\": {}, \"post\": {}}}\n");
    if (!good) {
        cau_text_done(&text);
        return NULL;
    }
    return cau_text_take(&text);
}

struct scenario *run_discover(const struct real_answer *answer, char *const *plugins,
                              uint32_t plugin_count, char **reterr_why)
{
    char *text = run_discover_text(answer, plugins, plugin_count, reterr_why);
    struct scenario *scenario = NULL;
    if (text != NULL) {
        char *why = NULL;
        scenario = scenario_read(text, strlen(text), NULL, &why);
        if (scenario == NULL && why != NULL) {
            *reterr_why = cau_sentence("this cluster cannot be described: %s", why);
        }
        free(why);
    }
    free(text);
    return scenario;
}

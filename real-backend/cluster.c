/* CLUSTER: see cluster.h.
 *
 * The ssh command is put together once, here: what the user's file says comes before our defaults,
 * since ssh takes the first value it meets; BatchMode comes before everything, since nobody is
 * there to type a password. */
#include "real-backend/cluster.h"

#include "core/shell/exit.h"
#include "core/shell/text.h"
#include "scenarios/json.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define FILE_MAX (1u << 20)

/* A cluster that is being made; the first trouble ends it. */
struct making {
    struct real_cluster *cluster;
    char *dir;         /* of the file, for relative paths */
    char **user_words; /* ssh options of the file */
    const char *user;  /* for -l, or NULL */
    size_t user_count, user_size;
    const char *credential;
    char *why;
    int rc;
};

static bool fail(struct making *making, int rc, char *why)
{
    if (making->rc == 0) {
        making->rc = rc;
        making->why = why;
    } else {
        free(why);
    }
    return false;
}

static bool no_memory(struct making *making)
{
    return fail(making, CAU_EXIT_INTERNAL, cau_sentence("not enough memory"));
}

/* Adds a copy of `size` bytes of a word to a NULL-ended list. */
static bool add_word(struct making *making, char ***list, size_t count, const char *word,
                     size_t size)
{
    char *copy = strndup(word, size);
    char **longer = copy == NULL ? NULL : realloc(*list, (count + 2) * sizeof *longer);
    if (longer == NULL) {
        free(copy);
        return no_memory(making);
    }
    longer[count] = copy;
    longer[count + 1] = NULL;
    *list = longer;
    return true;
}

/* ---- what a destination may look like ---- */

/* It becomes one element of argv; what ssh would take for an option, or a terminal for a command,
 * is refused. */
static bool good_destination(const char *text)
{
    if (*text == '\0' || *text == '-' || strlen(text) > 512) {
        return false;
    }
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text <= ' ' || *text == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool add_contact(struct making *making, const char *destination)
{
    struct real_cluster *cluster = making->cluster;
    if (!add_word(making, &cluster->contacts, cluster->contact_count, destination,
                  strlen(destination))) {
        return false;
    }
    cluster->contact_count++;
    return true;
}

static bool add_address(struct making *making, const char *node, const char *destination)
{
    struct real_cluster *cluster = making->cluster;
    struct real_address *longer =
        realloc(cluster->addresses, (cluster->address_count + 1) * sizeof *longer);
    if (longer == NULL) {
        return no_memory(making);
    }
    cluster->addresses = longer;
    struct real_address address = {.node = strdup(node), .destination = strdup(destination)};
    longer[cluster->address_count++] = address;
    return address.node != NULL && address.destination != NULL ? true : no_memory(making);
}

/* ---- the file ---- */

static char *read_file(struct making *making, const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "re");
    char *text = malloc(FILE_MAX + 1);
    size_t size = file == NULL || text == NULL ? 0 : fread(text, 1, FILE_MAX + 1, file);
    bool bad = file == NULL || text == NULL || ferror(file) || size > FILE_MAX;
    if (bad) {
        const char *why = size > FILE_MAX ? "it is larger than 1 MiB" : strerror(errno);
        fail(making, CAU_EXIT_INPUT, cau_sentence("%s: cannot be read: %s", path, why));
        free(text);
        text = NULL;
    } else {
        text[size] = '\0';
    }
    if (file != NULL) {
        fclose(file);
    }
    *ret_size = size;
    return text;
}

/* The options of ssh whose value is a path, and the names under -o that are one. */
static bool is_path_option(const char *word)
{
    return strcmp(word, "-F") == 0 || strcmp(word, "-i") == 0 || strcmp(word, "-S") == 0 ||
           strcmp(word, "-E") == 0;
}

static const char *path_in_setting(const char *word)
{
    static const char *const names[] = {
        "IdentityFile=",         "UserKnownHostsFile=", "CertificateFile=",
        "GlobalKnownHostsFile=", "ControlPath=",        "IdentityAgent="};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strncasecmp(word, names[i], strlen(names[i])) == 0) {
            return word + strlen(names[i]);
        }
    }
    return NULL;
}

/* Is a path one that counts from the file's folder? */
static bool is_relative(const char *path)
{
    return path[0] != '/' && path[0] != '~' && path[0] != '%' && path[0] != '$' &&
           path[0] != '\0' && strcmp(path, "none") != 0;
}

/* Is the next word this option's value? */
static bool wants_value(const char *option)
{
    return option[0] == '-' && option[1] != '\0' && option[2] == '\0' &&
           strchr("BbcDEeFIiJLlmOopQRSWw", option[1]) != NULL;
}

/* One word of "ssh": an option, or the value of `option` unless that is NULL. */
static bool add_option(struct making *making, size_t place, const char *option, const char *word)
{
    if (option == NULL && (word[0] != '-' || word[1] == '\0' || word[1] == '-')) {
        return fail(making, CAU_EXIT_INPUT,
                    cau_sentence("ssh[%zu]: must be an option of ssh, is \"%s\"", place, word));
    }
    const char *path = option == NULL              ? NULL
                       : is_path_option(option)    ? word
                       : strcmp(option, "-o") == 0 ? path_in_setting(word)
                                                   : NULL;
    char *made = path != NULL && is_relative(path)
                     ? cau_sentence("%.*s%s/%s", (int)(path - word), word, making->dir, path)
                     : strdup(word);
    bool added = made != NULL &&
                 add_word(making, &making->user_words, making->user_count, made, strlen(made));
    making->user_count += added;
    free(made);
    return added || no_memory(making);
}

static bool read_ssh(struct making *making, const struct scn_json *list)
{
    const char *option = NULL;
    size_t place = 0;
    for (const struct scn_json *at = scn_json_first(list); at != NULL; at = scn_json_next(at)) {
        if (scn_json_kind(at) != SCN_JSON_TEXT) {
            return fail(
                making, CAU_EXIT_INPUT,
                cau_sentence("ssh[%zu]: must be a text, is %s", place, scn_json_kind_word(at)));
        }
        const char *word = scn_json_text(at);
        if (!add_option(making, place, option, word)) {
            return false;
        }
        option = option == NULL && wants_value(word) ? word : NULL;
        place++;
    }
    return option == NULL ||
           fail(making, CAU_EXIT_INPUT,
                cau_sentence("ssh[%zu]: %s needs a value after it", place - 1, option));
}

static bool read_contacts(struct making *making, const struct scn_json *list)
{
    size_t place = 0;
    for (const struct scn_json *at = scn_json_first(list); at != NULL; at = scn_json_next(at)) {
        if (scn_json_kind(at) != SCN_JSON_TEXT || !good_destination(scn_json_text(at))) {
            return fail(making, CAU_EXIT_INPUT,
                        cau_sentence("contacts[%zu]: must be an ssh destination", place));
        }
        if (!add_contact(making, scn_json_text(at))) {
            return false;
        }
        place++;
    }
    return true;
}

static bool read_nodes(struct making *making, const struct scn_json *object)
{
    for (const struct scn_json *at = scn_json_first(object); at != NULL; at = scn_json_next(at)) {
        if (scn_json_kind(at) != SCN_JSON_TEXT || !good_destination(scn_json_text(at))) {
            return fail(making, CAU_EXIT_INPUT,
                        cau_sentence("nodes.%s: must be an ssh destination", scn_json_key(at)));
        }
        if (!add_address(making, scn_json_key(at), scn_json_text(at))) {
            return false;
        }
    }
    return true;
}

static bool read_version(struct making *making, const struct scn_json *number)
{
    (void)making;
    return scn_json_number(number) == 1.0 ||
           fail(making, CAU_EXIT_INPUT,
                cau_sentence("caucus_cluster: must be 1, is %g", scn_json_number(number)));
}

static bool read_name(struct making *making, const struct scn_json *text)
{
    making->cluster->expected_name = strdup(scn_json_text(text));
    return making->cluster->expected_name != NULL || no_memory(making);
}

static const struct member {
    const char *key;
    enum scn_json_kind kind;
    const char *kind_word;
    bool needed;
    bool (*read)(struct making *making, const struct scn_json *value);
} members[] = {
    {"caucus_cluster", SCN_JSON_NUMBER, "the number 1", true, read_version},
    {"name", SCN_JSON_TEXT, "a text", false, read_name},
    {"contacts", SCN_JSON_LIST, "a list", true, read_contacts},
    {"ssh", SCN_JSON_LIST, "a list", false, read_ssh},
    {"nodes", SCN_JSON_OBJECT, "an object", false, read_nodes},
};
#define MEMBERS (sizeof members / sizeof members[0])

static const struct member *find_member(const char *key)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        if (strcmp(members[i].key, key) == 0) {
            return &members[i];
        }
    }
    return NULL;
}

static bool read_members(struct making *making, const struct scn_json *root)
{
    if (scn_json_kind(root) != SCN_JSON_OBJECT) {
        return fail(making, CAU_EXIT_INPUT, cau_sentence("must be a JSON object"));
    }
    for (const struct scn_json *at = scn_json_first(root); at != NULL; at = scn_json_next(at)) {
        const struct member *member = find_member(scn_json_key(at));
        if (member == NULL) {
            return fail(making, CAU_EXIT_INPUT,
                        cau_sentence("%s: is not a member of a cluster file", scn_json_key(at)));
        }
        if (scn_json_kind(at) != member->kind) {
            return fail(making, CAU_EXIT_INPUT,
                        cau_sentence("%s: must be %s, is %s", member->key, member->kind_word,
                                     scn_json_kind_word(at)));
        }
        if (!member->read(making, at)) {
            return false;
        }
    }
    for (size_t i = 0; i < MEMBERS; i++) {
        if (members[i].needed && scn_json_get(root, members[i].key) == NULL) {
            return fail(
                making, CAU_EXIT_INPUT,
                cau_sentence("%s: is missing, must be %s", members[i].key, members[i].kind_word));
        }
    }
    return making->cluster->contact_count > 0 ||
           fail(making, CAU_EXIT_INPUT, cau_sentence("contacts: must name at least one node"));
}

/* Puts the file's name before a complaint about what is in it. */
static void blame(struct making *making, const char *path)
{
    if (making->rc != 0 && making->why != NULL) {
        char *longer = cau_sentence("%s: %s", path, making->why);
        free(making->why);
        making->why = longer;
    }
}

static bool from_file(struct making *making, const char *path)
{
    size_t size = 0;
    char *text = read_file(making, path, &size), *why = NULL;
    if (text == NULL) {
        return false;
    }
    char *real = realpath(path, NULL);
    char *slash = real == NULL ? NULL : strrchr(real, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
    making->dir = real;
    struct scn_json *root = scn_json_parse(text, size, &why);
    if (root == NULL || real == NULL) {
        fail(making, CAU_EXIT_INPUT, why);
    } else {
        read_members(making, root);
    }
    blame(making, path);
    scn_json_free(root);
    free(text);
    return making->rc == 0;
}

/* ---- the other spellings ---- */

static bool from_here(struct making *making)
{
    struct utsname name;
    if (uname(&name) < 0) {
        return fail(making, CAU_EXIT_INTERNAL,
                    cau_sentence("this machine's name is not known: %s", strerror(errno)));
    }
    return add_contact(making, "") && add_address(making, name.nodename, "");
}

/* The way to a testbed's nodes is a command that ssh gives to $SHELL. One that reads the user's
 * start-up files for it (bash does where its input is a socket) takes many times as long as the
 * connection. */
static bool from_testbed(struct making *making)
{
    setenv("SHELL", "/bin/sh", 1);
    const char *named = getenv("CAUCUS_TESTBED"), *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    char *path = NULL;
    if (named != NULL && *named != '\0') {
        path = cau_sentence("%s/cluster.json", named);
    } else if (cache != NULL && *cache == '/') {
        path = cau_sentence("%s/caucus/current-testbed/cluster.json", cache);
    } else {
        path =
            cau_sentence("%s/.cache/caucus/current-testbed/cluster.json", home == NULL ? "" : home);
    }
    if (path == NULL) {
        return no_memory(making);
    }
    bool there = access(path, R_OK) == 0;
    if (!there) {
        fail(making, CAU_EXIT_UNREACHABLE,
             cau_sentence("no testbed runs here (%s: %s); `caucus testbed up` starts one", path,
                          strerror(errno)));
    }
    bool done = there && from_file(making, path);
    free(path);
    return done;
}

/* USER@HOST: the user is the same on the other nodes, whose names the cluster tells. */
static bool from_destination(struct making *making, const char *spelled)
{
    if (!good_destination(spelled)) {
        return fail(making, CAU_EXIT_USAGE,
                    cau_sentence("CLUSTER must be a cluster file, [USER@]HOST, local or testbed, "
                                 "is \"%s\"",
                                 spelled));
    }
    const char *at = strrchr(spelled, '@');
    if (at == NULL || at == spelled || strncmp(spelled, "ssh://", 6) == 0) {
        return add_contact(making, spelled);
    }
    if (!good_destination(at + 1)) {
        return fail(making, CAU_EXIT_USAGE,
                    cau_sentence("CLUSTER: no host after the @ in \"%s\"", spelled));
    }
    char *user = strndup(spelled, (size_t)(at - spelled));
    bool added = user != NULL &&
                 add_word(making, &making->user_words, making->user_count, "-l", 2) &&
                 add_word(making, &making->user_words, making->user_count + 1, user, strlen(user));
    making->user_count += added ? 2 : 0;
    free(user);
    return added ? add_contact(making, at + 1) : no_memory(making);
}

static bool is_file(const char *path)
{
    struct stat stat_of;
    size_t size = strlen(path);
    return strchr(path, '/') != NULL || (size > 5 && strcmp(path + size - 5, ".json") == 0) ||
           (stat(path, &stat_of) == 0 && S_ISREG(stat_of.st_mode));
}

/* ---- the ssh command and the helper ---- */

static bool put(struct making *making, size_t *count, const char *word)
{
    bool added = add_word(making, &making->cluster->ssh, *count, word, strlen(word));
    *count += added;
    return added;
}

/* USER[:KEYFILE], never a password: a user has no colon. */
static bool put_credential(struct making *making, size_t *count)
{
    const char *text = making->credential;
    size_t size = strcspn(text, ":");
    char *user = strndup(text, size);
    bool good = user != NULL && size > 0 && good_destination(user) && strchr(user, '@') == NULL &&
                (text[size] == '\0' || text[size + 1] != '\0');
    if (!good) {
        fail(making, CAU_EXIT_USAGE,
             cau_sentence("credential: must be USER or USER:KEYFILE, is \"%s\"", text));
    }
    good = good && put(making, count, "-l") && put(making, count, user);
    free(user);
    if (good && text[size] == ':') {
        good = put(making, count, "-i") && put(making, count, text + size + 1) &&
               put(making, count, "-o") && put(making, count, "IdentitiesOnly=yes");
    }
    return good;
}

static bool make_ssh(struct making *making)
{
    /* a dead node is noticed within seconds; the membership notices it before */
    static const char *const first[] = {"ssh", "-o", "BatchMode=yes"};
    static const char *const last[] = {"-o", "ConnectTimeout=3",      "-o", "ServerAliveInterval=2",
                                       "-o", "ServerAliveCountMax=3", "-T"};
    size_t count = 0;
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        if (!put(making, &count, first[i])) {
            return false;
        }
    }
    if (making->credential != NULL && !put_credential(making, &count)) {
        return false;
    }
    for (size_t i = 0; i < making->user_count; i++) {
        if (!put(making, &count, making->user_words[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < sizeof last / sizeof last[0]; i++) {
        if (!put(making, &count, last[i])) {
            return false;
        }
    }
    return true;
}

static bool find_helper(struct making *making)
{
    /* installed; a build's programs; a build's other programs */
    static const char *const places[] = {"../libexec/caucus/caucus-node", "caucus-node",
                                         "../bin/caucus-node"};
    char self[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    if (size < 0) {
        return fail(making, CAU_EXIT_INTERNAL,
                    cau_sentence("/proc/self/exe: cannot be read: %s", strerror(errno)));
    }
    self[size] = '\0';
    *strrchr(self, '/') = '\0';
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char *path = cau_sentence("%s/%s", self, places[i]);
        if (path == NULL) {
            return no_memory(making);
        }
        if (access(path, R_OK | X_OK) == 0) {
            making->cluster->helper = path;
            return true;
        }
        free(path);
    }
    return fail(making, CAU_EXIT_INTERNAL,
                cau_sentence("caucus-node, which runs on the nodes, is not beside this program "
                             "(%s/%s)",
                             self, places[0]));
}

/* ---- life ---- */

static bool make(struct making *making)
{
    const char *spelled = making->cluster->spelled;
    bool known = strcmp(spelled, "local") == 0     ? from_here(making)
                 : strcmp(spelled, "testbed") == 0 ? from_testbed(making)
                 : is_file(spelled)                ? from_file(making, spelled)
                                                   : from_destination(making, spelled);
    if (known && making->cluster->clusterless && making->cluster->contact_count != 1) {
        return fail(making, CAU_EXIT_USAGE,
                    cau_sentence("without Pacemaker there is one machine, but %s names %zu",
                                 spelled, making->cluster->contact_count));
    }
    return known && make_ssh(making) && find_helper(making);
}

int real_cluster_init(struct real_cluster *ret, const char *spelled, const char *credential,
                      bool clusterless, char **reterr_why)
{
    *ret = (struct real_cluster){.spelled = strdup(spelled), .clusterless = clusterless};
    struct making making = {.cluster = ret, .credential = credential};
    if (ret->spelled == NULL) {
        no_memory(&making);
    } else {
        make(&making);
    }
    for (size_t i = 0; i < making.user_count; i++) {
        free(making.user_words[i]);
    }
    free(making.user_words);
    free(making.dir);
    *reterr_why = making.why;
    if (making.rc != 0) {
        real_cluster_done(ret);
    }
    return making.rc;
}

void real_cluster_done(struct real_cluster *cluster)
{
    for (size_t i = 0; i < cluster->contact_count; i++) {
        free(cluster->contacts[i]);
    }
    for (size_t i = 0; i < cluster->address_count; i++) {
        free(cluster->addresses[i].node);
        free(cluster->addresses[i].destination);
    }
    for (size_t i = 0; cluster->ssh != NULL && cluster->ssh[i] != NULL; i++) {
        free(cluster->ssh[i]);
    }
    free(cluster->contacts);
    free(cluster->addresses);
    free(cluster->ssh);
    free(cluster->spelled);
    free(cluster->expected_name);
    free(cluster->helper);
    *cluster = (struct real_cluster){0};
}

const char *real_cluster_destination(const struct real_cluster *cluster, const char *node)
{
    for (size_t i = 0; i < cluster->address_count; i++) {
        if (strcmp(cluster->addresses[i].node, node) == 0) {
            return cluster->addresses[i].destination;
        }
    }
    return node;
}

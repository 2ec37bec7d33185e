/* A fake cluster's helpers: see fake_cluster.h. */
#include "tests/unit/fake_inside.h"

#include "real-backend/node/store.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    uint32_t node;
    bool watches, cluster;
    struct cau_text told; /* the last look, as a line */
} helper;

static void say(const struct wire_said *said)
{
    struct cau_text text;
    cau_text_init(&text);
    wire_write_said(&text, said);
    if (write(STDOUT_FILENO, text.data, text.size) != (ssize_t)text.size) {
        exit(0); /* nobody listens any more */
    }
    cau_text_done(&text);
}

static void end(uint64_t n, enum cau_result_code code)
{
    say(&(struct wire_said){.kind = WIRE_END, .n = n, .code = (uint8_t)code});
}

/* Tells a look if it is asked for, or differs from the last one. */
static void tell_look(uint64_t asked)
{
    struct wire_said said = {.kind = WIRE_LOOKED};
    struct cau_text text;
    fake_look(fake_shared.cluster, helper.node, helper.cluster, &said.look);
    cau_text_init(&text);
    wire_write_said(&text, &said);
    bool news =
        helper.told.size != text.size || memcmp(helper.told.data, text.data, text.size) != 0;
    cau_text_clear(&helper.told);
    cau_text_add(&helper.told, text.data, text.size);
    cau_text_done(&text);
    said.look.asked = asked;
    if (helper.watches && (news || asked != 0)) {
        say(&said);
    }
}

static struct fake_node *named(const char *name)
{
    for (uint32_t i = 0; i < fake_shared.cluster->node_count; i++) {
        if (strcmp(fake_shared.cluster->nodes[i].name, wire_text(name)) == 0) {
            return &fake_shared.cluster->nodes[i];
        }
    }
    exit(71);
}

static bool held(const struct wire_request *request)
{
    return node_key_holds(wire_text(request->key), fake_shared.cluster->lock);
}

static void lock_read(const struct wire_request *request, enum cau_result_code code)
{
    const struct fake_cluster *fake = fake_shared.cluster;
    say(&(struct wire_said){.kind = WIRE_END,
                            .n = request->n,
                            .code = (uint8_t)(fake->no_quorum ? CAU_RC_NO_QUORUM : code),
                            .lock = fake->lock,
                            .progress = fake->progress});
}

static void lock_write(const struct wire_request *request)
{
    struct fake_cluster *fake = fake_shared.cluster;
    bool fits = strcmp(fake->lock, wire_text(request->expect)) == 0 && !fake->no_quorum;
    if (fits) {
        snprintf(fake->lock, sizeof fake->lock, "%s", request->want);
        snprintf(fake->progress, sizeof fake->progress, "%s", request->progress);
    }
    lock_read(request, fits ? CAU_RC_OK : CAU_RC_REFUSED);
}

static void join_words(char *ret, size_t size, const char *const *words, uint32_t count)
{
    size_t used = 0;
    ret[0] = '\0';
    for (uint32_t i = 0; i < count && used < size; i++) {
        used += (size_t)snprintf(ret + used, size - used, "%s%s", i == 0 ? "" : " ", words[i]);
    }
}

/* Roles go to the next node at once, unless the test moves them itself. */
static void drain(struct fake_cluster *fake, uint32_t node)
{
    for (uint32_t i = 0; i < fake->role_count && !fake->slow_drain; i++) {
        struct fake_role *role = &fake->roles[i];
        if (role->node == node) {
            role->node = role->stuck ? FAKE_NODES : (node + 1) % fake->node_count;
        }
    }
}

static void suspend(const struct wire_request *request)
{
    struct fake_cluster *fake = fake_shared.cluster;
    struct fake_node *node = named(request->node);
    join_words(fake->last_away, sizeof fake->last_away, request->away, request->away_count);
    fake->last_mode = request->mode;
    if (!held(request)) {
        end(request->n, CAU_RC_STALE);
        return;
    }
    snprintf(node->mark, sizeof node->mark, "%s", request->key);
    snprintf(node->away, sizeof node->away, "%s", fake->last_away);
    if (request->mode == WIRE_MAINTENANCE) {
        node->maintenance = true;
    } else {
        node->standby = true;
        drain(fake, (uint32_t)(node - fake->nodes));
    }
    end(request->n, CAU_RC_OK);
}

static uint64_t held_resume;

static void resume(const struct wire_request *request)
{
    struct fake_cluster *fake = fake_shared.cluster;
    struct fake_node *node = named(request->node);
    join_words(fake->last_away, sizeof fake->last_away, request->away, request->away_count);
    fake->last_mode = request->mode;
    if (!held(request)) {
        end(request->n, CAU_RC_STALE);
        return;
    }
    node->standby = node->maintenance = false;
    node->mark[0] = node->away[0] = '\0';
    for (uint32_t i = 0; i < fake->role_count; i++) {
        for (uint32_t k = 0; k < request->away_count; k++) {
            if (strcmp(fake->roles[i].id, request->away[k]) == 0) {
                fake->roles[i].node = (uint32_t)(node - fake->nodes);
            }
        }
    }
    if (fake->hold_resume) {
        held_resume = request->n;
    } else {
        end(request->n, CAU_RC_OK);
    }
}

static void what_if(const struct wire_request *request)
{
    struct cau_text text;
    cau_text_init(&text);
    fake_simulate(&text, fake_shared.cluster,
                  (uint32_t)(named(request->node) - fake_shared.cluster->nodes));
    say(&(struct wire_said){
        .kind = WIRE_NOTE, .n = request->n, .name = "simulate", .text = text.data});
    end(request->n, CAU_RC_OK);
    cau_text_done(&text);
}

static void restart(const struct wire_request *request)
{
    struct fake_node *node = &fake_shared.cluster->nodes[helper.node];
    fake_shared.cluster->last_restart = request->restart;
    fake_shared.cluster->last_bypass = request->bypass;
    if (!held(request)) {
        end(request->n, CAU_RC_STALE);
    } else if (strcmp(node->boot, wire_text(request->boot)) != 0) {
        end(request->n, CAU_RC_OK);
    } else {
        fake_boot(node, helper.node);
        end(request->n, CAU_RC_OK);
        exit(0);
    }
}

static void end_unfit(uint64_t n, enum cau_reason why)
{
    say(&(struct wire_said){
        .kind = WIRE_END, .n = n, .code = CAU_RC_FAILED, .why = (uint8_t)why, .text = "unfit"});
}

/* One package, "app", in the pinned version unless the node is stubborn. */
static void scan(const struct wire_request *request)
{
    struct fake_cluster *fake = fake_shared.cluster;
    const struct fake_node *self = &fake->nodes[helper.node];
    const char *version = self->version;
    char id[64];
    fake->last_pins[0] = '\0';
    if (fake->unfit && !request->skip_checks) {
        end_unfit(request->n, CAU_WHY_CHECK_FAILED);
        return;
    }
    for (uint32_t i = 0; i < request->pin_count; i++) {
        snprintf(fake->last_pins, sizeof fake->last_pins, "%s=%s", request->pins[i].name,
                 request->pins[i].value);
        version = self->stubborn ? version : request->pins[i].value;
    }
    if (self->version[0] != '\0') {
        snprintf(id, sizeof id, "app=%s", version);
        struct wire_said said = {.kind = WIRE_UPDATE, .n = request->n};
        said.update = (struct wire_update){.id = id,
                                           .name = "app",
                                           .version = version,
                                           .title = "an app",
                                           .outcome = CAU_UPDATE_OFFERED,
                                           .restart = true};
        say(&said);
        say(&said); /* twice: it counts once */
    }
    end(request->n, CAU_RC_OK);
}

static void work(const struct wire_request *request, uint8_t outcome)
{
    struct fake_cluster *fake = fake_shared.cluster;
    size_t used = 0;
    fake->last_updates[0] = '\0';
    for (uint32_t i = 0; i < request->update_count; i++) {
        struct wire_said said = {.kind = WIRE_UPDATE, .n = request->n};
        said.update =
            (struct wire_update){.id = request->updates[i].id, .outcome = outcome, .restart = true};
        say(&said);
        used += (size_t)snprintf(fake->last_updates + used, sizeof fake->last_updates - used, "%s ",
                                 request->updates[i].id);
    }
    struct wire_said stray = {.kind = WIRE_UPDATE, .n = request->n};
    stray.update = (struct wire_update){.id = "never-asked-for", .outcome = outcome};
    say(&stray);
    end(request->n, outcome == CAU_UPDATE_CANCELED ? CAU_RC_CANCELED : CAU_RC_OK);
}

static uint64_t held_install; /* n of the installation that goes on, or 0 */

static void serve_watch(const struct wire_request *request)
{
    helper.watches = true;
    helper.cluster = request->cluster;
    cau_text_clear(&helper.told);
}

static void serve_look(const struct wire_request *request)
{
    fake_shared.cluster->lock_looks += request->lock;
    tell_look(request->n);
    end(request->n, CAU_RC_OK);
}

static void serve_lock_read(const struct wire_request *request)
{
    lock_read(request, CAU_RC_OK);
}

static void serve_stage(const struct wire_request *request)
{
    work(request, fake_shared.cluster->fail_stage ? CAU_UPDATE_FAILED : CAU_UPDATE_SUCCEEDED);
}

static void serve_install(const struct wire_request *request)
{
    if (fake_shared.cluster->hold_install) {
        held_install = request->n;
    } else {
        work(request, CAU_UPDATE_SUCCEEDED);
    }
}

static void serve_cancel(const struct wire_request *request)
{
    if (request->target == held_install) {
        held_install = 0;
        work(&(struct wire_request){.n = request->target}, CAU_UPDATE_CANCELED);
    }
    end(request->n, CAU_RC_OK);
}

static void serve_ack(const struct wire_request *request)
{
    fake_shared.cluster->ack = request->target;
    end(request->n, CAU_RC_OK);
}

static void raise_level(const struct wire_request *request)
{
    end(request->n, held(request) ? CAU_RC_OK : CAU_RC_STALE);
}

static void serve_ask(const struct wire_request *request)
{
    struct fake_cluster *fake = fake_shared.cluster;
    snprintf(fake->request, sizeof fake->request, "%u:%s:%s", 6 + fake->served[WIRE_ASK],
             request->text, request->name); /* the first is number 7 */
    end(request->n, CAU_RC_OK);
}

static void serve_twin(const struct wire_request *request)
{
    snprintf(named(request->node)->twin, sizeof fake_shared.cluster->nodes[0].twin, "%s",
             request->text);
    end(request->n, CAU_RC_OK);
}

static void serve_held(const struct wire_request *request)
{
    end(request->n, held(request) ? CAU_RC_OK : CAU_RC_STALE);
}

static void serve_save(const struct wire_request *request)
{
    struct fake_cluster *fake = fake_shared.cluster;
    if (request->clear) {
        fake->clears++;
        snprintf(fake->last_cleared, sizeof fake->last_cleared, "%s", wire_text(request->name));
    }
    serve_held(request);
}

/* Here is one configuration, "tight". */
static void serve_script(const struct wire_request *request)
{
    const char *name = wire_text(request->configuration);
    if (*name != '\0' && strcmp(name, "tight") != 0) {
        end_unfit(request->n, CAU_WHY_NO_CONFIGURATION);
    } else {
        serve_held(request);
    }
}

static void serve_config(const struct wire_request *request)
{
    say(&(struct wire_said){
        .kind = WIRE_NOTE, .n = request->n, .name = "totem", .text = "token 1000"});
    end(request->n, CAU_RC_OK);
}

static void (*const serves[WIRE_VERBS])(const struct wire_request *request) = {
    [WIRE_WATCH] = serve_watch,     [WIRE_LOOK] = serve_look,
    [WIRE_CONFIG] = serve_config,   [WIRE_LOCK_READ] = serve_lock_read,
    [WIRE_LOCK_WRITE] = lock_write, [WIRE_WHAT_IF] = what_if,
    [WIRE_SUSPEND] = suspend,       [WIRE_RESUME] = resume,
    [WIRE_RESTART] = restart,       [WIRE_SCAN] = scan,
    [WIRE_STAGE] = serve_stage,     [WIRE_INSTALL] = serve_install,
    [WIRE_SCRIPT] = serve_script,   [WIRE_SAVE] = serve_save,
    [WIRE_RAISE] = raise_level,     [WIRE_ACK] = serve_ack,
    [WIRE_ASK] = serve_ask,         [WIRE_TWIN] = serve_twin,
    [WIRE_CANCEL] = serve_cancel,
};

static void take_line(const char *line, size_t size)
{
    struct wire_request request;
    struct cau_pool pool = {0};
    char *why = NULL;
    if (!wire_read_request(line, size, &request, &pool, &why)) {
        fprintf(stderr, "%s\n", why);
        exit(72);
    }
    fake_lock();
    fake_shared.cluster->served[request.verb]++;
    if (!fake_shared.cluster->deaf || request.verb == WIRE_WATCH || request.verb == WIRE_LOOK) {
        serves[request.verb](&request);
    }
    fake_unlock();
    cau_pool_done(&pool);
}

static void read_requests(void)
{
    static char buffer[1 << 20];
    static size_t size;
    ssize_t got = read(STDIN_FILENO, buffer + size, sizeof buffer - size);
    if (got <= 0) {
        exit(0);
    }
    size += (size_t)got;
    for (char *stop; (stop = memchr(buffer, '\n', size)) != NULL;) {
        size_t length = (size_t)(stop - buffer);
        take_line(buffer, length);
        size -= length + 1;
        memmove(buffer, stop + 1, size);
    }
}

static int help(int wake)
{
    say(&(struct wire_said){.kind = WIRE_HELLO, .version = WIRE_VERSION, .name = "fake"});
    for (;;) {
        struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                               {.fd = wake, .events = POLLIN}};
        char bytes[64];
        if (poll(fds, 2, -1) < 0 && errno != EINTR) {
            return 73;
        }
        if (fds[1].revents != 0 && read(wake, bytes, sizeof bytes) < 0 && errno != EAGAIN) {
            return 74;
        }
        if (fds[0].revents != 0) {
            read_requests();
        }
        fake_lock();
        bool ends = fake_shared.cluster->nodes[helper.node].unreachable;
        tell_look(0);
        if (held_resume != 0 && !fake_shared.cluster->hold_resume) {
            end(held_resume, CAU_RC_OK);
            held_resume = 0;
        }
        fake_release();
        if (ends) {
            fprintf(stderr, "Connection reset\n");
            return 255;
        }
    }
}

int fake_play(int argc, char **argv)
{
    char path[96];
    if (argc < 5 || strcmp(argv[1], "fake-ssh") != 0) {
        return -1;
    }
    snprintf(fake_shared.dir, sizeof fake_shared.dir, "%s", getenv("FAKE_CLUSTER"));
    fake_open(false);
    cau_text_init(&helper.told);
    helper.node = (uint32_t)(named(argv[3]) - fake_shared.cluster->nodes);
    if (fake_shared.cluster->nodes[helper.node].unreachable) {
        fprintf(stderr, "No route to host\n");
        return 255;
    }
    fake_path(path, sizeof path, "wake%u", helper.node);
    int wake = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (wake < 0) {
        fake_die(path);
    }
    return help(wake);
}

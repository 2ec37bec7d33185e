/* The processes of a play: coordinators, whose records come up a pipe line by line, and requests.
 */
#include "core/shell/exit.h"
#include "core/shell/words.h"
#include "real-backend/testbed/play_stage.h"
#include "real-backend/testbed/spawn.h"
#include "scenarios/json.h"

#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void stage_tell(struct stage *stage, const char *format, ...)
{
    uint64_t ms = uv_now(&stage->loop) - stage->begin;
    va_list args;
    fprintf(stderr, "%4" PRIu64 ".%01" PRIu64 " s  ", ms / 1000, ms % 1000 / 100);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

/* ---- processes ---------------------------------------------------------------------------- */

static void closed(uv_handle_t *handle)
{
    if (handle->data != NULL) {
        free(handle->data);
    }
}

/* A coordinator is over when it is gone and all that it said was read. */
static void ended(struct process *p)
{
    struct stage *stage = p->stage;
    struct play_coordinator *c = p->coordinator;
    if (!p->exited || !p->silent) {
        return;
    }
    c->ended = true;
    stage_tell(stage, "coordinator %s ended: %d",
               stage->play->scenario->coordinators[c - stage->play->coordinators].name, c->exit);
    stage_look_at_end(stage);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal_number)
{
    struct process *p = process->data;
    struct stage *stage = p->stage;
    struct play_coordinator *c = p->coordinator;
    if (c == NULL) {
        if (status != 0) {
            play_complain(stage->play, "a request was refused with exit code %d", (int)status);
        }
        process->data = p; /* freed with the handle */
        uv_close((uv_handle_t *)process, closed);
        return;
    }
    c->exit = signal_number != 0 ? 128 + signal_number : (int)status;
    c->killed |= c->exit >= 128; /* also with the node on which it ran */
    p->exited = true;
    uv_close((uv_handle_t *)process, NULL);
    ended(p);
}

static uint32_t node_by_name(const struct scenario *s, const char *name)
{
    for (uint32_t i = 0; name != NULL && i < s->node_count; i++) {
        if (strcmp(s->nodes[i].name, name) == 0) {
            return i;
        }
    }
    return CAU_NO_NODE;
}

static const char *member(const struct scn_json *object, const char *key)
{
    const struct scn_json *value = scn_json_get(object, key);
    return value != NULL && scn_json_kind(value) == SCN_JSON_TEXT ? scn_json_text(value) : "";
}

static void read_record(struct stage *stage, const char *line, size_t size)
{
    char *why = NULL;
    struct scn_json *json = scn_json_parse(line, size, &why);
    if (json == NULL || scn_json_kind(json) != SCN_JSON_OBJECT) {
        play_complain(stage->play, "a coordinator said what is no record: %.*s", (int)size, line);
        free(why);
        scn_json_free(json);
        return;
    }
    const char *type = member(json, "Type");
    const char *status = member(json, "Status");
    uint32_t node = node_by_name(stage->play->scenario, member(json, "Node"));
    if (strcmp(type, "NodeStatusNotification") == 0 && node != CAU_NO_NODE) {
        int state = cau_node_state_by_word(status);
        stage_tell(stage, "%s %s%s%s", member(json, "Node"), status,
                   *member(json, "Reason") != '\0' ? ", " : "", member(json, "Reason"));
        if (state == CAU_NODE_SUSPENDING && !stage->play->suspended[node]) {
            stage->play->suspended[node] = true;
            play_suspending(stage->play, member(json, "Node"));
        }
        if (state >= 0) {
            stage_seen(stage, node, (uint8_t)state);
        }
    } else if (strcmp(type, "NodeResult") == 0) {
        stage_tell(stage, "%s result %s", member(json, "Node"), status);
    }
    scn_json_free(json);
}

static void on_room(uv_handle_t *handle, size_t size, uv_buf_t *ret)
{
    struct process *p = handle->data;
    (void)size;
    *ret = uv_buf_init(p->buffer, sizeof p->buffer);
}

static void on_data(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    struct process *p = stream->data;
    struct cau_text *records = &p->coordinator->records;
    if (size < 0) {
        uv_close((uv_handle_t *)stream, NULL);
        p->silent = true;
        ended(p);
        return;
    }
    cau_text_add(records, buf->base, (size_t)size);
    for (const char *end;
         (end = memchr(records->data + p->line, '\n', records->size - p->line)) != NULL;) {
        const char *line = records->data + p->line;
        p->line = (size_t)(end - records->data) + 1;
        read_record(p->stage, line, (size_t)(end - line));
    }
}

/* Starts `program` of this program's directory, known to itself as argv[0]. */
static int spawn(struct stage *stage, struct process *p, const char *program,
                 const char *const *argv)
{
    char path[PATH_MAX];
    uv_stdio_container_t files[] = {
        {.flags = UV_IGNORE},
        {.flags = p->coordinator != NULL ? UV_CREATE_PIPE | UV_WRITABLE_PIPE : UV_INHERIT_FD},
        {.flags = UV_INHERIT_FD, .data.fd = stage->log}};
    snprintf(path, sizeof path, "%s/%s", stage->play->programs, program);
    uv_process_options_t options = {.file = path,
                                    .args = (char **)(uintptr_t)argv,
                                    .exit_cb = on_exit_of,
                                    .stdio = files,
                                    .stdio_count = 3};
    p->stage = stage;
    p->process.data = p->pipe.data = p;
    if (p->coordinator != NULL) {
        uv_pipe_init(&stage->loop, &p->pipe, 0);
        p->pipe.data = p;
        files[1].data.stream = (uv_stream_t *)&p->pipe;
    } else {
        files[1].data.fd = stage->log;
    }
    int r = uv_spawn(&stage->loop, &p->process, &options);
    p->process.data = p;
    if (r < 0) {
        play_complain(stage->play, "%s: %s", path, uv_strerror(r));
    } else if (p->coordinator != NULL) {
        uv_read_start((uv_stream_t *)&p->pipe, on_room, on_data);
    }
    return r;
}

/* ---- coordinators and requests ------------------------------------------------------------ */

#define WORDS_MAX 24

void stage_start_coordinator(struct stage *stage, uint32_t index)
{
    const struct play *play = stage->play;
    const struct scenario_coordinator *sc = &play->scenario->coordinators[index];
    struct play_coordinator *c = &play->coordinators[index];
    struct process *p = &stage->processes[index];
    bool outside = sc->node == CAU_NO_NODE;
    char cluster[PATH_MAX], profile[PATH_MAX];
    const char *words[WORDS_MAX] = {NULL};
    size_t n = 0;
    snprintf(cluster, sizeof cluster, "%s/cluster.json", outside ? play->state : "/etc/caucus");
    snprintf(profile, sizeof profile, "%s/profile-%s.json", outside ? play->state : "/etc/caucus",
             sc->name);
    if (!outside) {
        words[n++] = "caucus-testbed";
        words[n++] = "shell";
        words[n++] = play->scenario->nodes[sc->node].name;
        words[n++] = "/opt/caucus/bin/caucus";
    }
    words[n++] = sc->options.force_recovery ? "recover" : "run";
    words[n++] = cluster;
    if (sc->resumes) {
        words[n++] = "--resume";
        words[n++] = c->dir;
    } else {
        words[n++] = "--out";
        words[n++] = c->dir;
    }
    if (!sc->resumes && !sc->options.force_recovery) {
        words[n++] = "--profile";
        words[n++] = profile;
    }
    if (sc->takeover != CAU_TAKEOVER_REFUSE && !sc->resumes) {
        words[n++] = sc->takeover == CAU_TAKEOVER_NOW ? "--take-over" : "--when-expired";
    }
    words[n++] = "--force";
    words[n++] = "--progress";
    words[n++] = "--format";
    words[n++] = "json";
    stage_tell(stage, "coordinator %s starts", sc->name);
    c->started = true;
    p->coordinator = c;
    if (spawn(stage, p, outside ? "caucus-run" : "caucus-testbed", words) < 0) {
        c->ended = true;
        c->exit = CAU_EXIT_INTERNAL;
    }
}

/* A coordinator on a node is a child's child's child: what is started there is killed there. */
void stage_kill_coordinator(struct stage *stage, uint32_t index)
{
    struct play_coordinator *c = &stage->play->coordinators[index];
    uint32_t node = stage->play->scenario->coordinators[index].node;
    if (!c->started || c->ended) {
        return;
    }
    c->killed = true;
    stage_tell(stage, "coordinator %s is killed", stage->play->scenario->coordinators[index].name);
    if (node != CAU_NO_NODE) {
        char program[PATH_MAX];
        snprintf(program, sizeof program, "%s/caucus-testbed", stage->play->programs);
        const char *argv[] = {program,      "shell", stage->play->scenario->nodes[node].name,
                              "pkill",      "-KILL", "-x",
                              "caucus-run", NULL};
        char *why = NULL;
        if (tb_spawn(argv, -1, &why) != 0) {
            play_complain(stage->play, "coordinator %s cannot be killed: %s",
                          stage->play->scenario->coordinators[index].name,
                          why != NULL ? why : "there is no such process");
        }
        free(why);
    } else {
        uv_process_kill(&stage->processes[index].process, SIGKILL);
    }
}

void stage_make_request(struct stage *stage, uint32_t index)
{
    static const char *const words[] = {"status", "stop", "pause", "continue"};
    char cluster[PATH_MAX];
    struct process *p = calloc(1, sizeof *p);
    const char *word = words[stage->play->scenario->requests[index].kind];
    const char *argv[] = {word, cluster, NULL};
    snprintf(cluster, sizeof cluster, "%s/cluster.json", stage->play->state);
    stage_tell(stage, "request: %s", word);
    if (p != NULL && spawn(stage, p, "caucus-run", argv) < 0) {
        free(p);
    }
}

/* `caucus scan`: every node is asked at once, its plug-ins one after the other. No lock is taken
 * and no key shown: a node's helper lets anybody look. */
#include "core/cli/talk.h"
#include "core/shell/exit.h"
#include "core/shell/report.h"
#include "core/shell/text.h"
#include "real-backend/run/drive.h"
#include "real-backend/session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define CONNECT_MS 20000 /* until a node's helper must have answered */

struct offer {
    uint64_t id;
    uint8_t plugin;
};

struct place {
    struct scan *scan;
    struct real_session *session;
    uv_timer_t timer;
    uint32_t node;
    uint32_t plugin; /* asked now */
    uint64_t n;      /* of the request; 0 = none is under way */
    struct offer *offers;
    uint32_t offer_count;
    char *why; /* the first failure; NULL = none */
    bool over, failed;
};

struct scan {
    struct run *run;
    uv_loop_t loop;
    struct place *places;
    uint32_t left; /* places that are not over */
};

static void end_place(struct place *place)
{
    if (!place->over) {
        place->over = true;
        uv_timer_stop(&place->timer);
        real_session_stop(place->session);
        if (--place->scan->left == 0) {
            uv_stop(&place->scan->loop);
        }
    }
}

static void fail_place(struct place *place, const char *why)
{
    place->failed = true;
    if (place->why == NULL) {
        place->why = strdup(why);
    }
}

static void on_late(uv_timer_t *timer)
{
    struct place *place = timer->data;
    if (place->why == NULL) {
        fail_place(place, place->n != 0 ? "its scan did not end within scan_limit"
                                        : "its helper did not answer");
    }
    place->failed = true;
    end_place(place);
}

static void ask_plugin(struct place *place)
{
    const struct run *run = place->scan->run;
    if (place->plugin == run->plan.plugin_count) {
        end_place(place);
        return;
    }
    struct wire_request request = {.verb = WIRE_SCAN,
                                   .plugin = run->programs[place->plugin],
                                   .arguments = run->arguments[place->plugin],
                                   .argument_count = run->argument_counts[place->plugin],
                                   .skip_checks = run->scenario->options.skip_update_checks};
    place->n = real_session_send(place->session, &request);
    cau_msec limit = run->plan.policy.scan_limit_ms;
    uv_timer_start(&place->timer, on_late, limit < INT32_MAX ? (uint64_t)limit : INT32_MAX, 0);
}

static void on_up(void *ctx, const struct wire_said *hello)
{
    struct place *place = ctx;
    (void)hello;
    if (!place->over && place->n == 0) {
        free(place->why); /* it was only slow */
        place->why = NULL;
        place->failed = false;
        ask_plugin(place);
    }
}

static void take_update(struct place *place, const struct wire_update *update)
{
    struct offer *grown = realloc(place->offers, (place->offer_count + 1) * sizeof *place->offers);
    if (grown == NULL) {
        fail_place(place, "out of memory");
        return;
    }
    place->offers = grown;
    uint8_t plugin = (uint8_t)place->plugin;
    grown[place->offer_count++] =
        (struct offer){real_texts_add(place->scan->run->texts, plugin, update), plugin};
}

static void on_said(void *ctx, const struct wire_said *said)
{
    struct place *place = ctx;
    const struct run *run = place->scan->run;
    if (place->over || place->n == 0 || said->n != place->n) {
        return;
    }
    if (said->kind == WIRE_UPDATE) {
        take_update(place, &said->update);
    } else if (said->kind == WIRE_NOTE) {
        run_say(run->request, "note: node %s: %s%s%s", run->names.nodes[place->node],
                wire_text(said->name), *wire_text(said->name) != '\0' ? ": " : "",
                wire_text(said->text));
    } else if (said->kind == WIRE_END) {
        if (said->code != CAU_RC_OK) {
            fail_place(place,
                       *wire_text(said->text) != '\0' ? said->text : cau_word_result(said->code));
        }
        bool stop = place->failed && run->plan.policy.stop_on_plugin_failure;
        place->plugin = stop ? run->plan.plugin_count : place->plugin + 1;
        place->n = 0;
        ask_plugin(place);
    }
}

static void on_down(void *ctx, const char *why)
{
    struct place *place = ctx;
    bool was_asked = place->n != 0;
    if (place->over) {
        return;
    }
    free(place->why);
    place->why = NULL;
    fail_place(place, why);
    if (was_asked) {
        end_place(place); /* else the session tries again until the time is over */
    }
}

static const struct real_session_calls calls = {.up = on_up, .said = on_said, .down = on_down};

/* ---- what came of it ------------------------------------------------------------------------ */

static void print_json(const struct scan *scan)
{
    struct cau_sink_file out;
    cau_sink_file_init(&out, stdout, false);
    for (uint32_t i = 0; i < scan->run->plan.node_count; i++) {
        const struct place *place = &scan->places[i];
        for (uint32_t j = 0; j < place->offer_count; j++) {
            struct cau_record record = {.type = CAU_REC_UPDATE_INFO,
                                        .at = run_now(),
                                        .node = i,
                                        .update = place->offers[j].id,
                                        .plugin = place->offers[j].plugin};
            cau_record_write(&out.sink, &record, &scan->run->names);
        }
    }
}

static void print_offer(const struct scan *scan, const struct offer *offer)
{
    const struct wire_update *update = real_texts_get(scan->run->texts, offer->id);
    char size[CAU_UNIT_MAX] = "-";
    if (update->size > 0 && update->size <= CAU_SIZE_MAX) {
        cau_size_write(update->size, size);
    }
    printf("  %-12s  %-36s  %-8s  %10s  %s%s\n", cau_name_plugin(&scan->run->names, offer->plugin),
           update->id, update->restart ? "restart" : "", size,
           strcmp(wire_text(update->title), wire_text(update->id)) != 0 ? wire_text(update->title)
                                                                        : "",
           update->feature_set ? "  (changes the cluster's software)" : "");
}

static void print_text(const struct scan *scan)
{
    for (uint32_t i = 0; i < scan->run->plan.node_count; i++) {
        const struct place *place = &scan->places[i];
        const char *name = scan->run->names.nodes[i];
        if (scan->run->plan.nodes[i].excluded) {
            printf("%s: left out\n", name);
            continue;
        }
        if (place->failed) {
            printf("%s: failed: %s\n", name, place->why != NULL ? place->why : "out of memory");
        } else if (place->offer_count == 0) {
            printf("%s: nothing to do\n", name);
        } else {
            printf("%s: %" PRIu32 " update%s\n", name, place->offer_count,
                   place->offer_count == 1 ? "" : "s");
        }
        for (uint32_t j = 0; j < place->offer_count; j++) {
            print_offer(scan, &place->offers[j]);
        }
    }
}

/* 0 all answered, 2 some, 1 none. */
static int outcome(const struct scan *scan)
{
    uint32_t good = 0, bad = 0;
    for (uint32_t i = 0; i < scan->run->plan.node_count; i++) {
        const struct place *place = &scan->places[i];
        good += !scan->run->plan.nodes[i].excluded && !place->failed;
        bad += place->failed;
        if (place->failed && scan->run->request->json) {
            run_say(scan->run->request, "node %s: %s", scan->run->names.nodes[i],
                    place->why != NULL ? place->why : "out of memory");
        }
    }
    return bad == 0 ? CAU_EXIT_SUCCEEDED : good > 0 ? CAU_EXIT_PARTIALLY_FAILED : CAU_EXIT_FAILED;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void start(struct scan *scan)
{
    const struct run *run = scan->run;
    for (uint32_t i = 0; i < run->plan.node_count; i++) {
        struct place *place = &scan->places[i];
        if (run->plan.nodes[i].excluded) {
            continue;
        }
        *place = (struct place){.scan = scan, .node = i};
        scan->left++;
        uv_timer_init(&scan->loop, &place->timer);
        place->timer.data = place;
        uv_timer_start(&place->timer, on_late, CONNECT_MS, 0);
        place->session = real_session_new(
            &scan->loop, &run->cluster,
            real_cluster_destination(&run->cluster, run->names.nodes[i]), &calls, place);
        if (place->session == NULL) {
            fail_place(place, "out of memory");
            place->over = true;
            scan->left--;
            uv_timer_stop(&place->timer);
        }
    }
}

static int scan_nodes(struct run *run)
{
    struct scan scan = {.run = run, .places = calloc(run->plan.node_count, sizeof *scan.places)};
    if (scan.places == NULL || uv_loop_init(&scan.loop) != 0) {
        free(scan.places);
        return run_say_why(run->request, NULL, CAU_EXIT_INTERNAL);
    }
    start(&scan);
    if (scan.left > 0) {
        uv_run(&scan.loop, UV_RUN_DEFAULT);
    }
    for (uint32_t i = 0; i < run->plan.node_count; i++) {
        if (scan.places[i].scan != NULL) {
            uv_close((uv_handle_t *)&scan.places[i].timer, NULL);
        }
    }
    uv_run(&scan.loop, UV_RUN_DEFAULT);
    uv_loop_close(&scan.loop);
    if (run->request->json) {
        print_json(&scan);
    } else {
        print_text(&scan);
    }
    int code = outcome(&scan);
    for (uint32_t i = 0; i < run->plan.node_count; i++) {
        free(scan.places[i].offers);
        free(scan.places[i].why);
    }
    free(scan.places);
    return code;
}

int run_cmd_scan(struct run_request *request)
{
    struct run run = {.request = request, .live = {.lock = -1}};
    int code = run_plan(&run);
    if (code == 0) {
        code = run_prepare(&run);
    }
    if (code == 0) {
        code = scan_nodes(&run);
    }
    run_done(&run);
    return code;
}

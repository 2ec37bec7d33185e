/* The platform file: one star of access links per site, stars joined pairwise.
 *
 * SimGrid has no star in XML; its "Cluster" zone with explicit links is one. Latencies are all
 * zero: SimGrid would weigh flows by them (near ones get more), and the shares would not be
 * max-min. The engine lets the latency pass itself, in integers. Names are made from indexes, so
 * that nothing from the scenario has to be escaped. */
#include "sim/platform.h"

#include "sim/way.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *sim_platform_host(char *ret, const struct scenario *scenario, uint32_t place)
{
    if (place == SIM_PLACE_REPOSITORY(scenario))
        snprintf(ret, SIM_PLATFORM_NAME, "repository");
    else
        snprintf(ret, SIM_PLATFORM_NAME, "n%" PRIu32, place);
    return ret;
}

char *sim_platform_access(char *ret, const struct scenario *scenario, uint32_t place)
{
    if (place == SIM_PLACE_REPOSITORY(scenario))
        snprintf(ret, SIM_PLATFORM_NAME, "access-repository");
    else
        snprintf(ret, SIM_PLATFORM_NAME, "access-n%" PRIu32, place);
    return ret;
}

char *sim_platform_pair(char *ret, uint32_t site_a, uint32_t site_b)
{
    uint32_t low = site_a < site_b ? site_a : site_b, high = site_a < site_b ? site_b : site_a;
    snprintf(ret, SIM_PLATFORM_NAME, "pair-%" PRIu32 "-%" PRIu32, low, high);
    return ret;
}

double sim_platform_speed(const struct scenario *scenario, uint32_t node)
{
    return fmax(1.0, round(scenario->nodes[node].speed * 1e9));
}

static void write_link(FILE *file, const struct scenario *scenario, const char *name,
                       uint64_t bandwidth)
{
    fprintf(file, "<link id=\"%s\" bandwidth=\"%" PRIu64 "Bps\" latency=\"0s\"%s/>\n", name,
            bandwidth, scenario->sharing ? "" : " sharing_policy=\"FATPIPE\"");
}

static void write_site(FILE *file, const struct scenario *scenario, uint32_t site)
{
    char host[SIM_PLATFORM_NAME], access[SIM_PLATFORM_NAME];
    fprintf(file, "<zone id=\"s%" PRIu32 "\" routing=\"Cluster\">\n<router id=\"r%" PRIu32 "\"/>\n",
            site, site);
    /* The file's grammar wants all hosts, then all links, then which belongs to which. */
    for (int part = 0; part < 3; part++) {
        for (uint32_t place = 0; place <= SIM_PLACE_REPOSITORY(scenario); place++) {
            bool repository = place == SIM_PLACE_REPOSITORY(scenario);
            if (sim_place_site(scenario, place) != site)
                continue;
            sim_platform_host(host, scenario, place);
            sim_platform_access(access, scenario, place);
            if (part == 0)
                fprintf(file, "<host id=\"%s\" speed=\"%.0ff\"/>\n", host,
                        repository ? 1e9 : sim_platform_speed(scenario, place));
            else if (part == 1)
                write_link(file, scenario, access,
                           repository ? scenario->repository_bandwidth
                                      : scenario->sites[site].bandwidth);
            else
                fprintf(file, "<host_link id=\"%s\" up=\"%s\" down=\"%s\"/>\n", host, access,
                        access);
        }
    }
    fputs("</zone>\n", file);
}

static void write_pairs(FILE *file, const struct scenario *scenario)
{
    char name[SIM_PLATFORM_NAME];
    for (uint32_t a = 0; a < scenario->site_count; a++) {
        snprintf(name, sizeof name, "uplink-%" PRIu32, a);
        write_link(file, scenario, name, scenario->sites[a].uplink);
        for (uint32_t b = a + 1; b < scenario->site_count; b++)
            write_link(file, scenario, sim_platform_pair(name, a, b),
                       sim_way_pair(scenario, a, b).bandwidth);
    }
    for (uint32_t a = 0; a < scenario->site_count; a++) {
        for (uint32_t b = a + 1; b < scenario->site_count; b++)
            fprintf(file,
                    "<zoneRoute src=\"s%" PRIu32 "\" dst=\"s%" PRIu32 "\" gw_src=\"r%" PRIu32
                    "\" gw_dst=\"r%" PRIu32 "\"><link_ctn id=\"uplink-%" PRIu32
                    "\"/><link_ctn id=\"%s\"/><link_ctn id=\"uplink-%" PRIu32 "\"/></zoneRoute>\n",
                    a, b, a, b, a, sim_platform_pair(name, a, b), b);
    }
}

static void write_platform(FILE *file, const struct scenario *scenario)
{
    fputs("<?xml version=\"1.0\"?>\n"
          "<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
          "<platform version=\"4.1\">\n<zone id=\"world\" routing=\"Full\">\n",
          file);
    for (uint32_t site = 0; site < scenario->site_count; site++)
        write_site(file, scenario, site);
    write_pairs(file, scenario);
    fputs("</zone>\n</platform>\n", file);
}

/* Returns 0 or an errno. */
static int write_to(int fd, const struct scenario *scenario)
{
    FILE *file = fdopen(fd, "w");
    if (!file) {
        int error = errno;
        close(fd);
        return error;
    }
    errno = 0;
    write_platform(file, scenario);
    bool failed = ferror(file) != 0;
    failed |= fclose(file) != 0;
    return failed ? (errno ? errno : EIO) : 0;
}

char *sim_platform_write(const struct scenario *scenario, char **reterr_why)
{
    const char *folder = getenv("TMPDIR");
    char *path = NULL;
    if (asprintf(&path, "%s/caucus-platform-XXXXXX", folder && *folder ? folder : "/tmp") < 0)
        abort();
    int fd = mkstemp(path);
    int error = fd < 0 ? errno : write_to(fd, scenario);
    if (!error)
        return path;
    if (asprintf(reterr_why, "%s: cannot write the platform for SimGrid: %s", path,
                 strerror(error)) < 0)
        abort();
    if (fd >= 0)
        unlink(path);
    free(path);
    return NULL;
}

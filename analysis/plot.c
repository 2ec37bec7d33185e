/* Running gnuplot: a private directory inside the run directory, three files, one process. */
#include "analysis/plot.h"
#include "analysis/memory.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum file { TEMPLATE, SETTINGS, DATA, TERMINAL, ERRORS, PICTURE, PNG, FILES };
static const char *const file_names[FILES] = {"template.gp", "settings.gp", "data.txt",
                                              "terminal.gp", "errors.txt",  "picture.svg",
                                              "picture.png"};

/* For templates that say their size in `width` and `height` and leave the rest to this. */
static const char terminals[2][300] = {
    "set terminal svg size width,height font 'DejaVu Sans,11' name plot_name background 'white' "
    "noenhanced\nset encoding utf8\nset output dir.'/picture.svg'\n",
    "set terminal pngcairo size width,height font 'DejaVu Sans,10' background 'white' "
    "noenhanced\nset encoding utf8\nset output dir.'/picture.png'\n",
};

static int file_write(const char *dir, const char *name, const char *text, size_t size)
{
    char *path = run_sentence("%s/%s", dir, name);
    FILE *file = path ? fopen(path, "wbe") : NULL;
    int error = file ? 0 : path ? -errno : -ENOMEM;
    free(path);
    if (file && fwrite(text, 1, size, file) != size)
        error = -EIO;
    if (file && fclose(file) != 0 && !error)
        error = -errno;
    return error;
}

/* What gnuplot said: it repeats the command, draws a caret, and then comes the sentence, after
 * "FILE" line N. Without such a line, the first one with a letter in it. */
static char *first_line(const char *work)
{
    static const char place[] = "\" line ";
    char *text = NULL, *rest = NULL, *line = NULL;
    size_t size = 0;
    if (run_read_file(work, file_names[ERRORS], &text, &size) != 0)
        return NULL;
    char *found = strstr(text, place);
    for (line = strtok_r(found ? found + 2 : text, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest))
        if (strcspn(line, "abcdefghijklmnopqrstuvwxyz") < strlen(line))
            break;
    char *copy = line ? run_sentence("%.200s", line) : NULL;
    free(text);
    return copy;
}

/* Starts gnuplot on the template with the directory as its argument and waits for it. Returns its
 * exit status, or -errno when it could not be started. */
static int gnuplot_run(const char *gnuplot, const char *work)
{
    static char settings_option[] = "-d", call_option[] = "-c", locale[] = "LC_ALL=C.UTF-8";
    char *script = run_sentence("%s/%s", work, file_names[TEMPLATE]);
    char *errors = run_sentence("%s/%s", work, file_names[ERRORS]);
    char *path = run_sentence("PATH=%s", getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
    char *program = strdup(gnuplot), *argument = strdup(work);
    char *arguments[] = {program, settings_option, call_option, script, argument, NULL};
    char *environment[] = {locale, path, NULL};
    posix_spawn_file_actions_t actions;
    int status = -ENOMEM;
    if (script && errors && path && program && argument &&
        posix_spawn_file_actions_init(&actions) == 0) {
        pid_t child = 0;
        int error =
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (!error)
            error =
                posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        if (!error)
            error = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors,
                                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (!error)
            error = posix_spawnp(&child, gnuplot, &actions, NULL, arguments, environment);
        posix_spawn_file_actions_destroy(&actions);
        status = -error;
        while (!error && waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
        if (!error)
            status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    }
    free(script);
    free(errors);
    free(path);
    free(program);
    free(argument);
    return status;
}

/* Copies a picture: its own title in the place of the drawing program's name and version, and fonts
 * that also exist elsewhere. Returns malloc'd text, or NULL. */
static char *picture_clean(const char *svg, const char *title)
{
    static const char family[] = "font-family=\"DejaVu Sans\"";
    static const char families[] = "font-family=\"DejaVu Sans, Verdana, Arial, sans-serif\"";
    const char *head = strstr(svg, "<title>");
    const char *desc = head ? strstr(head, "</desc>") : NULL;
    char *text = NULL;
    size_t size = 0;
    FILE *to = desc && strstr(desc, "</svg>") ? open_memstream(&text, &size) : NULL;
    if (!to)
        return NULL;
    fprintf(to, "%.*s<title>", (int)(head - svg), svg);
    for (const char *at = title; *at; at++)
        fprintf(to, *at == '<' ? "&lt;" : *at == '&' ? "&amp;" : "%c", *at);
    fprintf(to, "</title>");
    for (const char *at = desc + strlen("</desc>"), *next; *at; at = next) {
        next = strstr(at, family);
        fprintf(to, "%.*s", next ? (int)(next - at) : (int)strlen(at), at);
        if (next)
            fprintf(to, "%s", families);
        next = next ? next + strlen(family) : at + strlen(at);
    }
    if (fclose(to) == 0)
        return text;
    free(text);
    return NULL;
}

static int picture_take(const struct plot *plot, const char *work, const char *dir,
                        char **reterr_why)
{
    char *svg = NULL;
    size_t size = 0;
    char *name = run_sentence("%s.svg", plot->name);
    int error = run_read_file(work, file_names[PICTURE], &svg, &size);
    char *clean = error ? NULL : picture_clean(svg, plot->title);
    if (!clean)
        *reterr_why = run_sentence("gnuplot left no whole picture for %s.svg", plot->name);
    if (clean && name) {
        error = file_write(dir, name, clean, strlen(clean));
        if (error)
            *reterr_why = run_sentence("%s/%s: %s", dir, name, strerror(-error));
    } else {
        error = -EIO;
    }
    free(name);
    free(clean);
    free(svg);
    return error;
}

static int picture_copy(const struct plot *plot, const char *work, const char *dir,
                        char **reterr_why)
{
    char *png = NULL, *name = run_sentence("%s.png", plot->name);
    size_t size = 0;
    int error = name ? run_read_file(work, file_names[PNG], &png, &size) : -ENOMEM;
    if (!error)
        error = file_write(dir, name, png, size);
    if (error)
        *reterr_why = run_sentence("%s.png: %s", plot->name, strerror(-error));
    free(name);
    free(png);
    return error;
}

static int draw_with(const struct plot *plot, const char *gnuplot, const char *work, bool png,
                     char **reterr_why)
{
    int error = file_write(work, file_names[TERMINAL], terminals[png], strlen(terminals[png]));
    int status = error ? error : gnuplot_run(gnuplot, work);
    if (status == -ENOENT || status == 127) {
        *reterr_why = run_sentence("%s is not installed, so no pictures were drawn "
                                   "(Debian's package is gnuplot-nox)",
                                   gnuplot);
        return PLOT_NO_GNUPLOT;
    }
    if (status != 0) {
        char *line = first_line(work);
        *reterr_why =
            run_sentence("%s failed on %s.%s: %s", gnuplot, plot->name, png ? "png" : "svg",
                         line         ? line
                         : status < 0 ? strerror(-status)
                                      : "it gave no reason");
        free(line);
        return status < 0 ? status : -EIO;
    }
    return 0;
}

static int draw_in(const struct plot *plot, const char *gnuplot, const char *work, const char *dir,
                   char **reterr_why)
{
    const char *texts[] = {(const char *)plot->template, plot->settings, plot->data};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int error = file_write(work, file_names[i], texts[i], strlen(texts[i]));
        if (error) {
            *reterr_why = run_sentence("%s/%s: %s", work, file_names[i], strerror(-error));
            return error;
        }
    }
    int error = draw_with(plot, gnuplot, work, false, reterr_why);
    if (error == 0)
        error = picture_take(plot, work, dir, reterr_why);
    if (error == 0 && plot->png)
        error = draw_with(plot, gnuplot, work, true, reterr_why);
    if (error == 0 && plot->png)
        error = picture_copy(plot, work, dir, reterr_why);
    return error;
}

int plot_draw(const struct plot *plot, const char *gnuplot, const char *dir, char **reterr_why)
{
    char *work = run_sentence("%s/.plot-XXXXXX", dir);
    *reterr_why = NULL;
    if (!work || !mkdtemp(work)) {
        int error = work ? -errno : -ENOMEM;
        *reterr_why = run_sentence("%s: %s", dir, strerror(-error));
        free(work);
        return error;
    }
    int error = draw_in(plot, gnuplot, work, dir, reterr_why);
    for (size_t i = 0; i < FILES; i++) {
        char *path = run_sentence("%s/%s", work, file_names[i]);
        if (path)
            unlink(path);
        free(path);
    }
    rmdir(work);
    free(work);
    return error;
}

static bool continues(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

size_t plot_length(const char *text)
{
    size_t length = 0;
    for (; *text; text++)
        length += !continues(*text);
    return length;
}

void plot_quote(FILE *to, const char *text, size_t max)
{
    size_t length = plot_length(text), done = 0;
    fputc('"', to);
    for (; *text; text++) {
        if (length > max && !continues(*text) && ++done == max) {
            fputs("\xe2\x80\xa6", to);
            break;
        }
        bool plain = (unsigned char)*text >= 0x80 || isalpha((unsigned char)*text) || *text == ' ';
        fprintf(to, plain ? "%c" : "\\%03o", (unsigned char)*text);
    }
    fputc('"', to);
}

struct plot_axis plot_axis_for(int64_t end_ms)
{
    static const struct {
        const char *unit;
        double unit_ms, up_to_ms; /* the unit serves runs up to this long */
        double steps[8];
    } units[] = {
        {"seconds", 1e3, 180e3, {1, 2, 5, 10, 15, 30, 60}},
        {"minutes", 60e3, 3.0 * 3600e3, {0.5, 1, 2, 5, 10, 15, 30}},
        {"hours", 3600e3, 4.0 * 86400e3, {0.5, 1, 2, 3, 6, 12, 24}},
        {"days", 86400e3, 1e18, {0.5, 1, 2, 5, 10, 50, 100}},
    };
    double end = end_ms > 1000 ? (double)end_ms : 1000;
    size_t u = 0, s = 0;
    while (end > units[u].up_to_ms)
        u++;
    double length = end / units[u].unit_ms;
    while (s + 1 < 7 && length / units[u].steps[s] > 12)
        s++;
    double step = units[u].steps[s];
    while (length / step > 24)
        step *= 10;
    return (struct plot_axis){units[u].unit, units[u].unit_ms, step, length * 1.01};
}

void plot_axis_settings(FILE *to, const struct plot_axis *axis, const char *zero)
{
    fprintf(to, "x_end = %.6f\nx_step = %.6f\nx_text = ", axis->end, axis->step);
    char *text = *zero ? run_sentence("%s since %s", axis->unit, zero) : strdup(axis->unit);
    plot_quote(to, text ? text : axis->unit, 80);
    fputc('\n', to);
    free(text);
}

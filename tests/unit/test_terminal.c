/* core/cli/terminal on a pseudo-terminal: which bytes a view is made of. */
#include "core/cli/terminal.h"
#include "tests/lib/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static int keyboard = -1, tty = -1; /* the two ends */
static struct cau_terminal terminal;

static void resize(unsigned short columns, unsigned short rows)
{
    struct winsize size = {.ws_col = columns, .ws_row = rows};
    CU_ASSERT_EQUAL_FATAL(ioctl(keyboard, TIOCSWINSZ, &size), 0);
}

static void begin(void)
{
    struct termios modes;
    keyboard = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    CU_ASSERT_TRUE_FATAL(keyboard >= 0 && grantpt(keyboard) == 0 && unlockpt(keyboard) == 0);
    tty = open(ptsname(keyboard), O_RDWR | O_NOCTTY);
    CU_ASSERT_TRUE_FATAL(tty >= 0 && tcgetattr(tty, &modes) == 0);
    modes.c_oflag &= ~(tcflag_t)OPOST; /* bytes as they were written */
    tcsetattr(tty, TCSANOW, &modes);
    resize(80, 24);
    setenv("TERM", "xterm", 1);
    CU_ASSERT_TRUE_FATAL(cau_terminal_open(&terminal, tty));
}

static void end(void)
{
    cau_terminal_close(&terminal);
    close(tty);
    close(keyboard);
}

static void expect(const char *bytes)
{
    char heard[4096];
    ssize_t size = read(keyboard, heard, sizeof heard - 1);
    heard[size > 0 ? size : 0] = '\0';
    CU_ASSERT_STRING_EQUAL(heard, bytes);
}

static void show(const char *text)
{
    uint32_t width, height;
    cau_terminal_room(&terminal, &width, &height);
    cau_terminal_show(&terminal, text, strlen(text));
}

static void test_frames(void)
{
    begin();
    show("one\n\ntwo\n");
    expect("one\033[K\n\033[K\ntwo\033[K\n\033[J");
    show("one\n");
    expect("\r\033[3Aone\033[K\n\033[J");
    cau_terminal_clear(&terminal);
    expect("\r\033[1A\033[J");
    cau_terminal_clear(&terminal);
    expect("");
    show("one\n");
    expect("one\033[K\n\033[J");
    cau_terminal_leave(&terminal);
    show("two\n");
    expect("two\033[K\n\033[J");
    cau_terminal_close(&terminal);
    expect("\n");
    end();
}

static void test_size(void)
{
    uint32_t width, height;
    begin();
    cau_terminal_room(&terminal, &width, &height);
    CU_ASSERT_TRUE(width == 79 && height == 23);
    show("one\n");
    expect("one\033[K\n\033[J");
    resize(40, 10);
    cau_terminal_room(&terminal, &width, &height);
    CU_ASSERT_TRUE(width == 39 && height == 9);
    show("one\n"); /* where the old lines are now nobody knows */
    expect("\033[H\033[2Jone\033[K\n\033[J");
    show("one\n");
    expect("\r\033[1Aone\033[K\n\033[J");
    resize(0, 0); /* some do not know */
    cau_terminal_room(&terminal, &width, &height);
    CU_ASSERT_TRUE(width == 79 && height == 23);
    end();
}

/* One that nobody reads, as after Ctrl-S: frames are lost, nothing hangs, and the next one that
 * gets through is whole. */
static void test_stopped(void)
{
    static char line[4096];
    char heard[4096], *last = NULL;
    begin();
    memset(line, 'x', sizeof line - 2);
    line[sizeof line - 2] = '\n';
    unsigned frames = 0;
    while (!terminal.torn && frames < 1000) {
        cau_terminal_show(&terminal, line, strlen(line));
        frames++;
    }
    CU_ASSERT_TRUE(terminal.torn);
    cau_terminal_show(&terminal, line, strlen(line));
    CU_ASSERT_TRUE(terminal.torn);
    for (ssize_t size; (size = read(keyboard, heard, sizeof heard - 1)) > 0;) {
    }
    cau_terminal_show(&terminal, "one\n", 4);
    CU_ASSERT_FALSE(terminal.torn);
    ssize_t size = read(keyboard, heard, sizeof heard - 1);
    heard[size > 0 ? size : 0] = '\0';
    last = strstr(heard, "\033[H\033[2Jone\033[K\n\033[J");
    CU_ASSERT_PTR_NOT_NULL(last);
    end();
}

static void test_none(void)
{
    struct cau_terminal none;
    static const char *const types[] = {"", "dumb", NULL};
    begin();
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i] == NULL) {
            unsetenv("TERM");
        } else {
            setenv("TERM", types[i], 1);
        }
        CU_ASSERT_FALSE(cau_terminal_open(&none, tty));
        cau_terminal_close(&none);
    }
    setenv("TERM", "xterm", 1);
    int file = open("/dev/null", O_WRONLY);
    CU_ASSERT_FALSE(cau_terminal_open(&none, file));
    close(file);
    CU_ASSERT_FALSE(cau_terminal_open(&none, -1));
    expect("");
    unsetenv("NO_COLOR");
    CU_ASSERT_TRUE(cau_terminal_colour());
    setenv("NO_COLOR", "", 1);
    CU_ASSERT_TRUE(cau_terminal_colour());
    setenv("NO_COLOR", "1", 1);
    CU_ASSERT_FALSE(cau_terminal_colour());
    end();
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"frames", test_frames},
        {"the size", test_size},
        {"a stopped terminal", test_stopped},
        {"no terminal", test_none},
    };
    return UNIT_MAIN("terminal", tests);
}

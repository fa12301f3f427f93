/* A lower bound for every server on one core: an edge-triggered epoll loop that parses nothing.
 *
 *     bare_epoll ANSWER_FILE [close | FILE]
 *
 * Listens on a free port of 127.0.0.1, prints its number, and answers each head (anything that ends in
 * an empty line) with the bytes of the file; with `close`, only the first one of a connection; with
 * FILE, which must be smaller than a socket buffer, with its content after them.
 * No timers, no limits, no error handling: the cost of a request here is that of the kernel, and the
 * difference to a real server is the cost of that server. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FDS = 1 << 16, EVENTS = 1024, INPUT = 1 << 16, ANSWERS = INPUT / 4 };

static unsigned char matched[FDS]; /* bytes of an empty line at the end of what came last */
static char input[INPUT];
static char *output; /* the answer, ANSWERS times, so that any number of them is one write */
static size_t answer;
static int more = -1; /* the file that comes after it, if any */
static off_t length;

static void check(int ok, const char *what) {
    if (!ok) {
        perror(what);
        exit(1);
    }
}

static size_t heads(unsigned char *state, const char *from, size_t count) {
    static const char end[] = "\r\n\r\n";
    size_t found = 0, at = *state;
    for (size_t i = 0; i < count; i++) {
        at = from[i] == end[at] ? at + 1 : from[i] == '\r';
        if (at == 4) {
            found++;
            at = 0;
        }
    }
    *state = (unsigned char)at;
    return found;
}

static void load(const char *path) {
    static char once[INPUT];
    FILE *file = fopen(path, "rb");
    check(file != NULL, path);
    answer = fread(once, 1, sizeof once, file);
    check(answer > 0 && (output = malloc(answer * ANSWERS)) != NULL, path);
    for (size_t i = 0; i < ANSWERS; i++)
        memcpy(output + i * answer, once, answer);
}

static int door(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    check(fd >= 0, "socket");
    check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == 0, "TCP_NODELAY");
    check(bind(fd, (struct sockaddr *)&at, sizeof at) == 0, "bind");
    check(listen(fd, 4096) == 0, "listen");
    check(getsockname(fd, (struct sockaddr *)&at, &size) == 0, "getsockname");
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

static void let_in(int epoll, int from) {
    int fd;
    while ((fd = accept4(from, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct epoll_event both = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = fd};
        check(fd < FDS && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &both) == 0, "a connection");
        matched[fd] = 0;
    }
}

static int send_answers(int fd, size_t wanted) {
    off_t from = 0;
    if (more < 0)
        return write(fd, output, wanted) == (ssize_t)wanted;
    return wanted == answer && send(fd, output, wanted, MSG_MORE) == (ssize_t)wanted &&
           sendfile(fd, more, &from, (size_t)length) == length;
}

static void serve(int fd, int once) {
    ssize_t count;
    do {
        count = read(fd, input, INPUT);
        if (count < 0 && errno == EAGAIN)
            return;
        size_t wanted = count > 0 ? heads(&matched[fd], input, (size_t)count) * answer : 0;
        /* Answers that do not fit are a misuse; the client sees its connection end. */
        if (count <= 0 || (wanted > 0 && !send_answers(fd, wanted)) || (once && wanted > 0)) {
            close(fd);
            return;
        }
    } while (count == INPUT);
}

int main(int count, char **words) {
    if (count < 2) {
        fputs("usage: bare_epoll ANSWER_FILE [close | FILE]\n", stderr);
        return 2;
    }
    int once = count > 2 && strcmp(words[2], "close") == 0;
    if (count > 2 && !once) {
        struct stat state;
        check((more = open(words[2], O_RDONLY)) >= 0 && fstat(more, &state) == 0, words[2]);
        length = state.st_size;
    }
    signal(SIGPIPE, SIG_IGN);
    load(words[1]);
    int listener = door(), epoll = epoll_create1(0);
    struct epoll_event events[EVENTS], in = {.events = EPOLLIN | EPOLLET, .data.fd = listener};
    check(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &in) == 0, "epoll_ctl");
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.fd == listener)
                let_in(epoll, listener);
            else if (events[i].events & ~(unsigned)EPOLLOUT)
                serve(events[i].data.fd, once);
        }
    }
}

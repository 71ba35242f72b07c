// The load: one thread, epoll, plain sends.
#define _GNU_SOURCE
#include "client.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct { uint16_t port; int connections, depth, frame_bytes; double seconds; } load;
static pthread_t thread;
static int64_t frames;
static atomic_int is_done;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int64_t thread_cpu_nanoseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void *run(void *unused) {
  (void)unused;
  static char buffer[65536];
  int poll = epoll_create1(0);
  int *rest = calloc((size_t)load.connections, sizeof *rest);
  int *sockets = calloc((size_t)load.connections, sizeof *sockets);
  for (int index = 0; index < load.connections; index++) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(load.port)};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    sockets[index] = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(sockets[index], (struct sockaddr *)&address, sizeof address)) { perror("connect"); exit(1); }
    int on = 1;
    setsockopt(sockets[index], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)index};
    epoll_ctl(poll, EPOLL_CTL_ADD, sockets[index], &event);
  }
  for (int index = 0; index < load.connections; index++)
    send(sockets[index], buffer, (size_t)(load.depth * load.frame_bytes), MSG_NOSIGNAL);
  double end = now() + load.seconds;
  struct epoll_event events[1024];
  while (now() < end) {
    int count = epoll_wait(poll, events, 1024, 100);
    for (int event = 0; event < count; event++) {
      int index = (int)events[event].data.u32;
      ssize_t got = recv(sockets[index], buffer, sizeof buffer, MSG_DONTWAIT);
      if (got <= 0) continue;
      int whole = (rest[index] + (int)got) / load.frame_bytes;
      rest[index] = (rest[index] + (int)got) % load.frame_bytes;
      frames += whole;
      if (whole) send(sockets[index], buffer, (size_t)(whole * load.frame_bytes), MSG_NOSIGNAL);
    }
  }
  for (int index = 0; index < load.connections; index++) close(sockets[index]);
  close(poll);
  free(rest);
  free(sockets);
  atomic_store(&is_done, 1);
  return NULL;
}

void client_start(uint16_t port, int connections, int depth, int frame_bytes, double seconds) {
  load.port = port;
  load.connections = connections;
  load.depth = depth;
  load.frame_bytes = frame_bytes;
  load.seconds = seconds;
  frames = 0;
  atomic_store(&is_done, 0);
  pthread_create(&thread, NULL, run, NULL);
}

int client_is_done(void) { return atomic_load(&is_done); }

int64_t client_finish(void) {
  pthread_join(thread, NULL);
  return frames;
}

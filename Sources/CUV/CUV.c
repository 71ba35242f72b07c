#define _GNU_SOURCE
#include "CUV.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static int fill_address(const char *host, uint16_t port, struct sockaddr_storage *address, socklen_t *length) {
  memset(address, 0, sizeof *address);
  struct sockaddr_in *v4 = (struct sockaddr_in *)address;
  if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    *length = sizeof *v4;
    return 0;
  }
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
  if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    *length = sizeof *v6;
    return 0;
  }
  return -EINVAL;
}

static void read_address(const struct sockaddr_storage *address, char *host, uint16_t *port) {
  host[0] = 0;
  *port = 0;
  if (address->ss_family == AF_INET) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
    inet_ntop(AF_INET, &v4->sin_addr, host, cuv_host_bytes);
    *port = ntohs(v4->sin_port);
  } else if (address->ss_family == AF_INET6) {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    inet_ntop(AF_INET6, &v6->sin6_addr, host, cuv_host_bytes);
    *port = ntohs(v6->sin6_port);
  }
}

static int failed(int descriptor) {
  int error = errno;
  if (descriptor >= 0) close(descriptor);
  return -error;
}

int cuv_listen(const char *host, uint16_t port, int backlog) {
  struct sockaddr_storage address;
  socklen_t length;
  int invalid = fill_address(host, port, &address, &length);
  if (invalid) return invalid;
  int listener = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0) return failed(listener);
  int on = 1;
  // Lets a restarted node take its port back from connections in TIME_WAIT; not SO_REUSEPORT, which would
  // share the port with another listener in silence.
  if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on)) return failed(listener);
  if (address.ss_family == AF_INET6 && setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on))
    return failed(listener);
  if (bind(listener, (struct sockaddr *)&address, length)) return failed(listener);
  if (listen(listener, backlog)) return failed(listener);
  return listener;
}

static void no_delay(int descriptor) {
  int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int cuv_connect(const char *host, uint16_t port) {
  struct sockaddr_storage address;
  socklen_t length;
  int invalid = fill_address(host, port, &address, &length);
  if (invalid) return invalid;
  int descriptor = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return failed(descriptor);
  no_delay(descriptor);
  if (connect(descriptor, (struct sockaddr *)&address, length) && errno != EINPROGRESS) return failed(descriptor);
  return descriptor;
}

int cuv_accept(int listener, char *host, uint16_t *port) {
  struct sockaddr_storage address;
  socklen_t length = sizeof address;
  int descriptor = accept4(listener, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor < 0) return -errno;
  no_delay(descriptor);
  read_address(&address, host, port);
  return descriptor;
}

int cuv_local_address(int descriptor, char *host, uint16_t *port) {
  struct sockaddr_storage address;
  socklen_t length = sizeof address;
  if (getsockname(descriptor, (struct sockaddr *)&address, &length)) return -errno;
  read_address(&address, host, port);
  return 0;
}

int cuv_connect_result(int descriptor) {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length)) return -errno;
  return -error;
}

int64_t cuv_random(void *bytes, size_t count) { return getrandom(bytes, count, 0); }

static int limit_one(int pid, int resource, int64_t value) {
  if (value < 0) return 0;
  struct rlimit limit = {(rlim_t)value, (rlim_t)value};
  if (resource == RLIMIT_CPU) limit.rlim_max = (rlim_t)value + 5;
  return prlimit(pid, resource, &limit, NULL) ? -errno : 0;
}

int cuv_limit(int pid, int64_t cpu_seconds, int64_t address_space_bytes, int64_t file_size_bytes,
              int64_t descriptors, int nice_value) {
  int result = limit_one(pid, RLIMIT_CPU, cpu_seconds);
  if (!result) result = limit_one(pid, RLIMIT_AS, address_space_bytes);
  if (!result) result = limit_one(pid, RLIMIT_FSIZE, file_size_bytes);
  if (!result) result = limit_one(pid, RLIMIT_NOFILE, descriptors);
  if (!result && nice_value > 0 && setpriority(PRIO_PROCESS, (id_t)pid, nice_value)) result = -errno;
  return result;
}

// The hook of the Swift runtime (`swift/Runtime/Concurrency.h`): called in place of handing a job to the
// global executor, with the original to go on with.
typedef __attribute__((swiftcall)) void (*enqueue_global_original)(void *job);
typedef __attribute__((swiftcall)) void (*enqueue_global_hook)(void *job, enqueue_global_original original);
extern enqueue_global_hook swift_task_enqueueGlobal_hook;

static atomic_llong global_enqueues;
static _Thread_local int runs_loop;

static __attribute__((swiftcall)) void count_enqueue(void *job, enqueue_global_original original) {
  if (runs_loop) atomic_fetch_add(&global_enqueues, 1);
  original(job);
}

void cuv_running_loop(int is_running) { runs_loop = is_running; }

static pthread_once_t hook_once = PTHREAD_ONCE_INIT;

static void set_hook(void) { swift_task_enqueueGlobal_hook = count_enqueue; }

void cuv_count_global_enqueues(void) { pthread_once(&hook_once, set_hook); }
int64_t cuv_global_enqueues(void) { return atomic_load(&global_enqueues); }

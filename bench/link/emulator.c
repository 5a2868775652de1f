/*
 * A link between two network namespaces, in user space: a TUN device in each,
 * and one thread per direction that delays and paces the packets between them.
 * Order is kept; a packet that finds the queue full is dropped.
 *
 * usage: emulator NAMESPACE_A NAMESPACE_B DEVICE ONE_WAY_MICROSECONDS BITS_PER_SECOND QUEUE_BYTES
 * Prints "ready" when both devices exist.
 *
 * The devices take segmentation offload, so that one read moves up to 64 KiB;
 * the rate counts such a packet as the segments that it stands for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { MAX_PACKET = 65536 + 128, RING = 1 << 16, READS_PER_TURN = 64 };
/* Headers of IP and TCP with timestamps, which each further segment repeats. */
enum { SEGMENT_HEADERS = 52 };
static const int64_t SECOND = 1000000000;

struct packet {
  int64_t due;
  size_t length;
  uint8_t *bytes;
};

struct direction {
  int from, to;
  struct packet ring[RING];
  size_t head, tail; /* taken from head, put at tail; both only grow */
  int64_t line_free; /* when the last accepted packet has left the sender */
};

static int64_t one_way, queue_bytes;
static double bits_per_second;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * SECOND + t.tv_nsec;
}

static int open_device(const char *space, const char *name) {
  char path[256];
  snprintf(path, sizeof path, "/var/run/netns/%s", space);
  int namespace = open(path, O_RDONLY | O_CLOEXEC);
  if (namespace < 0 || setns(namespace, CLONE_NEWNET) != 0) fail(path);
  close(namespace);

  int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  if (device < 0) fail("/dev/net/tun");
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
  snprintf(request.ifr_name, IFNAMSIZ, "%s", name);
  if (ioctl(device, TUNSETIFF, &request) != 0) fail("TUNSETIFF");
  if (ioctl(device, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4) != 0) fail("TUNSETOFFLOAD");
  return device;
}

/* Octets that a packet from the device would be on a wire of ordinary segments. */
static int64_t wire_length(const uint8_t *bytes, size_t length) {
  struct virtio_net_hdr header;
  memcpy(&header, bytes, sizeof header);
  int64_t wire = (int64_t)(length - sizeof header);
  if (header.gso_type == VIRTIO_NET_HDR_GSO_NONE || header.gso_size == 0) return wire;
  int64_t content = wire - header.hdr_len;
  int64_t segments = (content + header.gso_size - 1) / header.gso_size;
  return wire + (segments - 1) * SEGMENT_HEADERS;
}

static void accept_packet(struct direction *d, const uint8_t *bytes, size_t length) {
  int64_t t = now();
  int64_t begins = d->line_free > t ? d->line_free : t;
  double waiting = (double)(begins - t) / SECOND * bits_per_second / 8;
  if (waiting > queue_bytes || d->tail - d->head >= RING) return;
  d->line_free = begins + (int64_t)(wire_length(bytes, length) * 8 / bits_per_second * SECOND);

  struct packet *p = &d->ring[d->tail++ % RING];
  p->due = d->line_free + one_way;
  p->length = length;
  p->bytes = malloc(length);
  if (p->bytes == NULL) fail("malloc");
  memcpy(p->bytes, bytes, length);
}

static void deliver_due(struct direction *d) {
  int64_t t = now();
  while (d->head != d->tail) {
    struct packet *p = &d->ring[d->head % RING];
    if (p->due > t) return;
    if (write(d->to, p->bytes, p->length) < 0 && errno == EAGAIN) return;
    free(p->bytes);
    d->head++;
  }
}

static void *carry(void *argument) {
  struct direction *d = argument;
  static _Thread_local uint8_t bytes[MAX_PACKET];
  for (;;) {
    struct timespec wait, *limit = NULL;
    if (d->head != d->tail) {
      int64_t left = d->ring[d->head % RING].due - now();
      if (left < 0) left = 0;
      wait = (struct timespec){left / SECOND, left % SECOND};
      limit = &wait;
    }
    struct pollfd readable = {.fd = d->from, .events = POLLIN};
    ppoll(&readable, 1, limit, NULL);
    for (int i = 0; i < READS_PER_TURN && (readable.revents & POLLIN); i++) {
      ssize_t length = read(d->from, bytes, sizeof bytes);
      if (length <= (ssize_t)sizeof(struct virtio_net_hdr)) break;
      accept_packet(d, bytes, (size_t)length);
    }
    deliver_due(d);
  }
  return NULL;
}

int main(int count, char **arguments) {
  if (count != 7) {
    fprintf(stderr, "usage: emulator NAMESPACE_A NAMESPACE_B DEVICE ONE_WAY_MICROSECONDS BITS_PER_SECOND QUEUE_BYTES\n");
    return 2;
  }
  one_way = atoll(arguments[4]) * 1000;
  bits_per_second = atof(arguments[5]);
  queue_bytes = atoll(arguments[6]);
  int a = open_device(arguments[1], arguments[3]);
  int b = open_device(arguments[2], arguments[3]);

  static struct direction forth, back;
  forth.from = back.to = a;
  forth.to = back.from = b;
  puts("ready");
  fflush(stdout);
  pthread_t threads[2];
  if (pthread_create(&threads[0], NULL, carry, &forth) != 0) fail("pthread_create");
  if (pthread_create(&threads[1], NULL, carry, &back) != 0) fail("pthread_create");
  pthread_join(threads[0], NULL);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts a command and measures, from before the start of its process:
 *
 *   bench-spawn answer PORT PATH COMMAND…    until a client that connects again every 100 µs has the whole
 *                                            response; then ends the command
 *   bench-spawn end COMMAND…                 until it has ended
 *
 * The command prints nowhere. Prints one line of JSON: `listens` and `ms` in milliseconds, `status` of the
 * response or the exit code, CPU time in milliseconds, and the most memory that was resident: of the server
 * when it had answered, or of the largest process of the command.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "answer.h"
#include "peer.h"

extern char **environ;

static const uint64_t PATIENCE_NS = 120 * PEER_NS_PER_S;

static pid_t spawn(char **command)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	posix_spawn_file_actions_init(&actions);
	for (int fd = 0; fd < 3; fd++)
		posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	int error = posix_spawnp(&pid, command[0], &actions, NULL, command, environ);
	if (error)
		peer_die("%s: %s", command[0], strerror(error));
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

static double ms_since(uint64_t start)
{
	return (double)(peer_now_ns() - start) / 1e6;
}

static long most_resident_kib(pid_t pid)
{
	char line[256];
	long kib = 0;
	snprintf(line, sizeof line, "/proc/%ld/status", (long)pid);
	FILE *f = fopen(line, "r");
	while (f && fgets(line, sizeof line, f)) {
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	}
	if (f)
		fclose(f);
	return kib;
}

static int get(int fd, uint16_t port, const char *path)
{
	char bytes[64 << 10];
	struct answer answer;
	size_t len = peer_request(bytes, sizeof bytes, port, path);
	answer_init(&answer);
	if (write(fd, bytes, len) != (ssize_t)len)
		return -1;
	while (answer.state < ANSWER_DONE) {
		ssize_t n = read(fd, bytes, sizeof bytes);
		if (n <= 0)
			return -1;
		answer_feed(&answer, bytes, (size_t)n);
	}
	return answer.state == ANSWER_DONE ? answer.status : -1;
}

static double cpu_ms(const struct rusage *used)
{
	return (double)(used->ru_utime.tv_sec + used->ru_stime.tv_sec) * 1e3 +
	       (double)(used->ru_utime.tv_usec + used->ru_stime.tv_usec) / 1e3;
}

static int until_answer(uint16_t port, const char *path, char **command)
{
	struct rusage used;
	int how, status = -1;
	uint64_t start = peer_now_ns();
	pid_t pid = spawn(command);
	int fd = peer_connect_patiently(port, PATIENCE_NS);
	double listens = ms_since(start);
	if (fd >= 0)
		status = get(fd, port, path);
	double answered = ms_since(start);
	long kib = most_resident_kib(pid);
	kill(pid, SIGKILL);
	wait4(pid, &how, 0, &used);
	printf("{\"listens\": %.3f, \"ms\": %.3f, \"status\": %d, \"cpu\": %.3f, \"kib\": %ld}\n", listens,
	       answered, status, cpu_ms(&used), kib);
	return status == 200 ? 0 : 1;
}

static int until_end(char **command)
{
	struct rusage used;
	int how;
	uint64_t start = peer_now_ns();
	pid_t pid = spawn(command);
	while (wait4(pid, &how, 0, &used) < 0 && errno == EINTR)
		continue;
	double ms = ms_since(start);
	int status = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
	printf("{\"ms\": %.3f, \"status\": %d, \"cpu\": %.3f, \"kib\": %ld}\n", ms, status, cpu_ms(&used),
	       used.ru_maxrss);
	return status == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* a pause of 100 µs is to be one */
	if (argc > 4 && strcmp(argv[1], "answer") == 0)
		return until_answer((uint16_t)peer_number(argv[2], UINT16_MAX), argv[3], argv + 4);
	if (argc > 2 && strcmp(argv[1], "end") == 0)
		return until_end(argv + 2);
	peer_die("usage: bench-spawn answer PORT PATH COMMAND… | end COMMAND…");
}

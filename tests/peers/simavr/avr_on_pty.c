/* An ATmega on simavr whose UART is a pseudo-terminal: avr_on_pty <mcu> <hertz> <flash image> <bootloader.hex> <link>
 *
 * The flash is read from, and on demand and at the end written to, the image file, so that a test sees what a programmer
 * left there. Opening the terminal resets the chip, as DTR does on an Arduino board. A byte on standard input writes the
 * image file (and is answered by a line); the end of standard input ends the program. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <simavr/avr_ioport.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_hex.h>

static int master = -1;
static int may_send = 1;
static volatile sig_atomic_t ending = 0;

static void end(int number) { (void)number; ending = 1; }

static void put(struct avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq; (void)param;
    uint8_t byte = (uint8_t)value;
    if (write(master, &byte, 1) < 0 && errno != EAGAIN && errno != EIO) ending = 1;
}
static void xon(struct avr_irq_t *irq, uint32_t value, void *param) { (void)irq; (void)value; (void)param; may_send = 1; }
static void xoff(struct avr_irq_t *irq, uint32_t value, void *param) { (void)irq; (void)value; (void)param; may_send = 0; }

static void save(avr_t *avr, const char *path) {
    FILE *file = fopen(path, "wb");
    if (!file) return;
    fwrite(avr->flash, 1, avr->flashend + 1, file);
    fclose(file);
}

/* Let the chip's seconds last as long as ours: the boot loader's watchdog counts them, and so does avrdude. */
static void keep_pace(avr_t *avr) {
    static avr_cycle_count_t cycle;
    static struct timespec then;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double passed_s = (now.tv_sec - then.tv_sec) + (now.tv_nsec - then.tv_nsec) * 1e-9;
    double simulated_s = (double)(avr->cycle - cycle) / avr->frequency;
    if (avr->cycle < cycle || passed_s > 0.05) { cycle = avr->cycle; then = now; return; }
    if (simulated_s - passed_s > 0.001) usleep((useconds_t)((simulated_s - passed_s) * 1e6));
}

/* Reset by the reset pin: a boot loader stays for that, and starts the application after any other reset. */
static void reset(avr_t *avr, uint32_t base) {
    avr_reset(avr);
    avr->pc = base;
    avr_regbit_set(avr, avr->reset_flags.extrf);
}

int main(int argc, char **argv) {
    if (argc != 6) return 2;
    avr_t *avr = avr_make_mcu_by_name(argv[1]);
    if (!avr || avr_init(avr)) return 3;
    avr->frequency = (uint32_t)atol(argv[2]);
    avr->log = LOG_ERROR;
    uint32_t size = 0, base = 0;
    uint8_t *boot = read_ihex_file(argv[4], &size, &base);
    if (!boot) return 4;
    FILE *image = fopen(argv[3], "rb");
    memset(avr->flash, 0xff, avr->flashend + 1);
    if (image) { if (!fread(avr->flash, 1, avr->flashend + 1, image)) fprintf(stderr, "empty image\n"); fclose(image); }
    memcpy(avr->flash + base, boot, size);
    avr->reset_pc = base;
    avr->pc = base;
    avr->codeend = avr->flashend;

    uint32_t flags = 0;
    avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
    flags &= ~AVR_UART_FLAG_STDIO;
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    avr_irq_t *to_avr = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), put, NULL);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XON), xon, NULL);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XOFF), xoff, NULL);

    int slave;
    struct termios raw;
    if (openpty(&master, &slave, NULL, NULL, NULL)) return 5;
    tcgetattr(slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(slave, TCSANOW, &raw);
    fcntl(master, F_SETFL, O_NONBLOCK);
    unlink(argv[5]);
    if (symlink(ttyname(slave), argv[5])) return 6;
    fcntl(0, F_SETFL, O_NONBLOCK);
    signal(SIGTERM, end);
    int open_before = 1; /* by us: closed below, once the chip runs, so that every opening is a change */
    reset(avr, base);
    for (unsigned long turn = 0; !ending; turn++) {
        int state = avr_run(avr);
        if (state == cpu_Done || state == cpu_Crashed) reset(avr, base);
        if (turn % 256) continue;
        keep_pace(avr);
        uint8_t byte;
        struct pollfd port = {master, POLLIN, 0};
        poll(&port, 1, 0);
        int open_now = !(port.revents & POLLHUP);
        if (open_now && !open_before) reset(avr, base);
        open_before = open_now;
        if (may_send && (port.revents & POLLIN) && read(master, &byte, 1) == 1) avr_raise_irq(to_avr, byte);
        if (turn % 65536) continue;
        if (turn == 65536 * 4) { close(slave); printf("ready\n"); fflush(stdout); }
        ssize_t got = read(0, &byte, 1);
        if (got == 0) break;
        if (got == 1) { save(avr, argv[3]); printf("saved\n"); fflush(stdout); }
    }
    save(avr, argv[3]);
    unlink(argv[5]);
    return 0;
}

"""The same exchange as des.c in SimPy 3.

usage: simpy_rr.py processes|callbacks NODES RUNS MESSAGES

`processes` is a SimPy program as its documentation teaches it: a process and a store for each node,
a process for each message on its way, the coordinator waiting for its store or the deadline.
`callbacks` is the least that SimPy's event loop can do: an event for each message with a function
at its end, and no process at all. It is the stronger baseline.
"""

import sys
import time

import simpy

SITES = 4
TIMEOUT = 1.0
MESSAGE = 256
NEAR = 1e-4 + MESSAGE / 1.25e9
FAR = 5.1e-3 + MESSAGE / 1.25e8


class Exchange:
    """One run: who sent how much, and the trace."""

    def __init__(self, nodes, left):
        self.env = simpy.Environment()
        self.delays = [NEAR if node * SITES // nodes == 0 else FAR for node in range(nodes)]
        self.nodes = nodes
        self.left = left
        self.sent = self.received = self.timeouts = 0
        self.trace = 0

    def note(self, node, number):
        self.trace = hash((self.trace, self.env.now, node, number))

    def may_send(self):
        if self.left == 0:
            return False
        self.left -= 1
        self.sent += 1
        return True


class Callbacks(Exchange):
    def run(self):
        self.number = -1
        self.begin()
        self.env.run()

    def send(self, node, message, arrived):
        event = self.env.timeout(self.delays[node], message)
        event.callbacks.append(arrived)

    def begin(self):
        self.number += 1
        self.got = self.asked = 0
        while self.asked < self.nodes and self.may_send():
            self.send(self.asked, (self.asked, self.number), self.asked_of)
            self.asked += 1
        if self.asked > 0:
            self.env.timeout(TIMEOUT, self.number).callbacks.append(self.too_late)

    def asked_of(self, event):
        self.received += 1
        if self.may_send():
            self.send(event.value[0], event.value, self.replied)

    def replied(self, event):
        node, number = event.value
        self.received += 1
        if number == self.number:
            self.note(node, number)
            self.got += 1
            if self.got == self.asked:
                self.begin()

    def too_late(self, event):
        if event.value == self.number:
            self.timeouts += 1
            self.note(self.nodes, self.number)
            self.begin()


class Processes(Exchange):
    def run(self):
        self.inbox = simpy.Store(self.env)
        self.boxes = [simpy.Store(self.env) for _ in range(self.nodes)]
        for node in range(self.nodes):
            self.env.process(self.agent(node))
        self.env.process(self.coordinator())
        self.env.run()

    def travel(self, node, message, box):
        yield self.env.timeout(self.delays[node])
        box.put(message)

    def agent(self, node):
        while True:
            message = yield self.boxes[node].get()
            self.received += 1
            if self.may_send():
                self.env.process(self.travel(node, message, self.inbox))

    def coordinator(self):
        number = 0
        while self.left > 0:
            asked = 0
            while asked < self.nodes and self.may_send():
                self.env.process(self.travel(asked, (asked, number), self.boxes[asked]))
                asked += 1
            deadline = self.env.timeout(TIMEOUT)
            got = 0
            while got < asked:
                get = self.inbox.get()
                yield get | deadline
                if not get.triggered:
                    get.cancel()
                    self.timeouts += 1
                    self.note(self.nodes, number)
                    break
                node, of = get.value
                self.received += 1
                if of == number:
                    self.note(node, number)
                    got += 1
            number += 1


def main():
    how = {"processes": Processes, "callbacks": Callbacks}[sys.argv[1]]
    nodes, runs, messages = (int(word) for word in sys.argv[2:5])
    sent = received = timeouts = 0
    before = time.process_time()
    for i in range(runs):
        run = how(nodes, messages // runs + (i < messages % runs))
        run.run()
        sent += run.sent
        received += run.received
        timeouts += run.timeouts
    spent = time.process_time() - before
    print(
        f"what=simpy-{sys.argv[1]} nodes={nodes} runs={runs} messages={sent} received={received} "
        f"timeouts={timeouts} cpu_us={spent * 1e6:.0f} version={simpy.__version__}"
    )


main()

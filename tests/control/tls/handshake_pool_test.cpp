// Who is next for the threads behind the event loop.
#include "control/tls/handshake_pool.hpp"

#include <atomic>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>
#include <poll.h>

namespace culvert::control {
namespace {

using Kind = HandshakePool::Kind;

void wait_for(HandshakePool& pool) {
  while (pool.pending() != 0) {
    pollfd fd{pool.event_fd(), POLLIN, 0};
    ::poll(&fd, 1, 1000);
    pool.collect();
  }
}

TEST(HandshakePool, ResultsErrorsAndBounds) {
  HandshakePool pool(2, 2);
  std::string error = "none";
  ASSERT_TRUE(pool.submit(
      HandshakePool::Kind::crypto, [] { throw std::runtime_error("broken"); },
      [&](const std::string& e) { error = e; }));
  wait_for(pool);
  EXPECT_EQ(error, "broken");
  std::atomic<bool> go{false};
  const auto blocked = [&] { go.wait(false); };
  unsigned done = 0;
  const auto count = [&](const std::string&) { done++; };
  // One thread never takes a password: with two, one verification runs and two wait.
  unsigned accepted = 0;
  for (int i = 0; i < 10; i++)
    accepted += pool.submit(HandshakePool::Kind::password, blocked, count) ? 1 : 0;
  EXPECT_GE(accepted, 2u);
  EXPECT_LE(accepted, 3u);
  bool handshake = false;
  ASSERT_TRUE(pool.submit(
      HandshakePool::Kind::crypto, [] {}, [&](const std::string&) { handshake = true; }));
  while (!handshake) {
    pollfd fd{pool.event_fd(), POLLIN, 0};
    ::poll(&fd, 1, 1000);
    pool.collect();
  }
  EXPECT_EQ(done, 0u);  // all passwords still block
  go = true;
  go.notify_all();
  wait_for(pool);
  EXPECT_EQ(done, accepted);
}

TEST(HandshakePool, WhatHasBegunComesBeforeWhatBegins) {
  HandshakePool pool(1, 8);
  std::atomic<bool> running{false};
  std::atomic<bool> go{false};
  std::string order;
  const auto then = [&order](char which) {
    return [&order, which](const std::string&) { order += which; };
  };
  ASSERT_TRUE(pool.submit(
      Kind::hello,
      [&] {
        running = true;
        running.notify_all();
        go.wait(false);
      },
      then('1')));
  running.wait(false);
  ASSERT_TRUE(pool.submit(
      Kind::password, [] {}, then('p')));
  ASSERT_TRUE(pool.submit(
      Kind::hello, [] {}, then('2')));
  ASSERT_TRUE(pool.submit(
      Kind::hello, [] {}, then('3')));
  ASSERT_TRUE(pool.submit(
      Kind::crypto, [] {}, then('c')));
  EXPECT_EQ(pool.waiting(Kind::hello), 2u);
  EXPECT_EQ(pool.waiting(Kind::crypto), 1u);
  go = true;
  go.notify_all();
  wait_for(pool);
  EXPECT_EQ(order, "1c23p");
  EXPECT_EQ(pool.waiting(Kind::hello), 0u);
}

// Hellos that each bring another before they end, until there were `enough`.
struct Stream {
  void hello() {
    EXPECT_TRUE(pool.submit(
        Kind::hello,
        [this] {
          if (++hellos < enough) hello();
        },
        [](const std::string&) {}));
  }
  HandshakePool& pool;
  std::atomic<unsigned> enough;
  std::atomic<unsigned> hellos{0};
};

// Occupies a thread until it is told to go.
struct Blocker {
  void block(HandshakePool& pool, HandshakePool::Kind kind) {
    ASSERT_TRUE(pool.submit(
        kind,
        [this] {
          running = true;
          running.notify_all();
          go.wait(false);
        },
        [](const std::string&) {}));
    running.wait(false);
  }
  void release() {
    go = true;
    go.notify_all();
  }
  std::atomic<bool> running{false};
  std::atomic<bool> go{false};
};

TEST(HandshakePool, AStreamOfHandshakesDoesNotKeepPasswordsForEver) {
  constexpr unsigned kMost = HandshakePool::kMostPassedOver;
  HandshakePool pool(1, 4 * kMost);
  Blocker blocker;
  blocker.block(pool, Kind::hello);
  std::string order;
  const auto then = [&order](char which) {
    return [&order, which](const std::string&) { order += which; };
  };
  for (unsigned i = 0; i < 2; i++)
    ASSERT_TRUE(pool.submit(
        Kind::password, [] {}, then('p')));
  for (unsigned i = 0; i < 3 * kMost; i++)
    ASSERT_TRUE(pool.submit(
        i % 2 == 0 ? Kind::hello : Kind::crypto, [] {}, then('h')));
  blocker.release();
  wait_for(pool);
  const std::string between(kMost, 'h');
  EXPECT_EQ(order, between + "p" + between + "p" + between);
}

TEST(HandshakePool, ThoseWhoShakeHandsAndLeaveKeepNobodyFromLoggingIn) {
  constexpr unsigned kEndless = 1'000'000;
  for (const unsigned threads : {1u, 2u, 4u}) {
    HandshakePool pool(threads, 100);
    Stream stream{pool, kEndless};
    for (unsigned i = 0; i < 32; i++)
      stream.hello();
    std::atomic<unsigned> passwords{0};
    std::atomic<unsigned> before{kEndless};
    for (unsigned i = 0; i < 5; i++)
      ASSERT_TRUE(pool.submit(
          Kind::password,
          [&] {
            if (++passwords < 5) return;
            before = stream.hellos.load();
            stream.enough = 0;
          },
          [](const std::string&) {}));
    wait_for(pool);
    EXPECT_EQ(passwords, 5u);
    EXPECT_LT(before, kEndless) << threads;
  }
}

TEST(HandshakePool, APasswordThatIsDueStillLeavesOneThreadToHandshakes) {
  constexpr unsigned kMost = HandshakePool::kMostPassedOver;
  HandshakePool pool(2, 1000);
  Blocker blocker;
  blocker.block(pool, Kind::password);
  bool second = false;
  ASSERT_TRUE(pool.submit(
      Kind::password, [] {}, [&](const std::string&) { second = true; }));
  Stream stream{pool, 4 * kMost};
  stream.hello();
  while (pool.pending() != 2) {
    pollfd fd{pool.event_fd(), POLLIN, 0};
    ::poll(&fd, 1, 1000);
    pool.collect();
  }
  EXPECT_GE(stream.hellos, 4 * kMost);
  EXPECT_FALSE(second);
  EXPECT_EQ(pool.waiting(Kind::password), 1u);
  blocker.release();
  wait_for(pool);
  EXPECT_TRUE(second);
}

}  // namespace
}  // namespace culvert::control

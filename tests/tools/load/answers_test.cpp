// Two sessions, and behind them a slow reader: whose figures change by what comes down whose tunnel.
#include "tools/load/answers.hpp"

#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "tests/tools/load/answered.hpp"

namespace culvert::load {
namespace {

constexpr uint32_t kSessions = 2, kSlow = kSessions;  // the slow reader's number
constexpr Time kSentAt = 5 * kSecond, kCameAt = kSentAt + 300;

class LoadAnswers : public testing::Test {
 protected:
  std::vector<uint8_t> answer_to(uint32_t member) {
    Ledger& ledger = member < kSessions ? answers.ledger() : answers.slow_ledger();
    const EchoMark mark = ledger.next(member, kSentAt);
    ledger.sent(member, kSentAt);
    std::vector<uint8_t> packet(100);
    write_echo(packet, *dp::IpAddress::parse("10.10.10.7"), kServer, mark);
    return answered(std::move(packet));
  }
  void take(uint32_t member, const std::vector<uint8_t>& packet, Time now = kCameAt) {
    answers.take(member, packet, now);
  }
  static std::vector<uint8_t> damaged(std::vector<uint8_t> packet) {
    packet.back() ^= 1;
    return packet;
  }
  [[nodiscard]] const SlowReaderCount& slow() const {
    return slow_readers.count(SlowReaderKind::stopped);
  }

  const dp::IpAddress kServer = *dp::IpAddress::parse("10.48.66.200");
  std::unique_ptr<Tally> tally = std::make_unique<Tally>();
  SlowReaders slow_readers{{.numbers = {0, 1, 0, 0}}};
  Answers answers{kSessions, kServer, *tally, slow_readers};
};

TEST_F(LoadAnswers, OfASessionAreItsOwn) {
  const auto packet = answer_to(1);
  take(1, packet);
  take(1, packet);
  EXPECT_EQ(answers.ledger().totals().answered, 1u);
  EXPECT_EQ(answers.ledger().totals().again, 1u);
  EXPECT_EQ(tally->rtt.count(), 1u);
  EXPECT_EQ(tally->rtt.max(), kCameAt - kSentAt);
  EXPECT_EQ(tally->bytes_down, 200u);
  take(0, damaged(answer_to(0)));
  take(0, {1, 2, 3});
  EXPECT_EQ(tally->damaged, 1u);
  EXPECT_EQ(tally->foreign, 1u);
  EXPECT_EQ(slow().damaged + slow().foreign + slow().answers, 0u);
}

TEST_F(LoadAnswers, OfASlowReaderAreNotTheSessions) {
  take(kSlow, answer_to(kSlow));
  take(kSlow, damaged(answer_to(kSlow)));
  take(kSlow, damaged(answer_to(kSlow)));
  take(kSlow, {1, 2, 3});
  EXPECT_EQ(slow().answers, 1u);
  EXPECT_EQ(slow().damaged, 2u);
  EXPECT_EQ(slow().foreign, 1u);
  EXPECT_EQ(tally->damaged, 0u);
  EXPECT_EQ(tally->foreign, 0u);
  EXPECT_EQ(tally->bytes_down, 0u);
  EXPECT_EQ(tally->rtt.count(), 0u);
  EXPECT_EQ(answers.ledger().totals().answered, 0u);
}

TEST_F(LoadAnswers, ThatGoAstrayAreDamagedOfTheSessions) {
  take(0, answer_to(1));      // a session got what is another's,
  take(1, answer_to(kSlow));  // or a slow reader's,
  take(kSlow, answer_to(0));  // and what is a session's went to a slow reader
  EXPECT_EQ(tally->damaged, 3u);
  EXPECT_EQ(slow().damaged, 0u);
  EXPECT_EQ(answers.ledger().totals().missing(), 2u);
}

TEST_F(LoadAnswers, TheFirstBehindANewPortEndsTheRoaming) {
  answers.moved_port(1, kSentAt);
  take(0, answer_to(0));
  EXPECT_EQ(tally->roam.count(), 0u);
  take(1, answer_to(1), kCameAt);
  take(1, answer_to(1), kCameAt + 1000);
  EXPECT_EQ(tally->roam.count(), 1u);
  EXPECT_EQ(tally->roam.max(), kCameAt - kSentAt);
}

TEST(LoadAnswersWithoutTarget, AreAllForeign) {
  const auto tally = std::make_unique<Tally>();
  SlowReaders nobody({});
  Answers answers(1, std::nullopt, *tally, nobody);
  answers.take(0, std::vector<uint8_t>(100, 0x45), kCameAt);
  EXPECT_EQ(tally->foreign, 1u);
}

}  // namespace
}  // namespace culvert::load

// What counts as answered, as lost, and as taken by a disturbance that was wanted.
#include "tools/load/ledger.hpp"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace culvert::load {
namespace {

EchoMark send(Ledger& ledger, uint32_t member, Time now) {
  const EchoMark mark = ledger.next(member, now);
  ledger.sent(member, now);
  return mark;
}

TEST(Ledger, CountsAnswersOnceAndWhatIsMissing) {
  Ledger ledger(2);
  std::vector<EchoMark> marks;
  for (int i = 0; i < 200; ++i)
    marks.push_back(send(ledger, 1, 1000));
  std::swap(marks[50], marks[100]);
  for (size_t i = 0; i < marks.size(); ++i) {
    if (i == 7 || i == 8) continue;
    EXPECT_EQ(ledger.answered(marks[i]), Answer::first) << i;
    EXPECT_EQ(ledger.answered(marks[i]), Answer::again) << i;
  }
  EXPECT_EQ(ledger.totals().sent, 200u);
  EXPECT_EQ(ledger.totals().answered, 198u);
  EXPECT_EQ(ledger.totals().again, 198u);
  EXPECT_EQ(ledger.totals().missing(), 2u);
  EXPECT_EQ(ledger.totals().heard, 1u);
}

TEST(Ledger, WhatADisturbanceTakesIsNotLost) {
  Ledger ledger(1);
  const EchoMark before = send(ledger, 0, 1);
  ledger.interrupt(0, 1);
  const EchoMark not_sent = ledger.next(0, 2);
  const EchoMark second = send(ledger, 0, 3);
  EXPECT_EQ(ledger.answered(before), Answer::late);
  EXPECT_EQ(ledger.answered(second), Answer::first);
  EXPECT_EQ(ledger.totals().interrupted, 1u);
  EXPECT_EQ(ledger.totals().late, 1u);
  EXPECT_EQ(ledger.totals().missing(), 0u);
  EXPECT_EQ(not_sent.number + 1, second.number);
}

TEST(Ledger, WhatWasLostBeforeADisturbanceStaysLost) {
  Ledger ledger(1);
  std::vector<EchoMark> marks;
  for (Time second = 0; second < 10; ++second)
    marks.push_back(send(ledger, 0, second * kSecond));
  for (const size_t answered : {0u, 1u, 3u, 4u, 6u, 7u})
    EXPECT_EQ(ledger.answered(marks[answered]), Answer::first);
  // Numbers 2 and 5 are gone for seconds; 8 and 9 may be on their way.
  ledger.interrupt(0, 9 * kSecond + kSecond / 2);
  EXPECT_EQ(ledger.totals().interrupted, 2u);
  EXPECT_EQ(ledger.totals().missing(), 2u);
  // Of the new epoch nothing is open, however soon the next disturbance comes.
  ledger.interrupt(0, 10 * kSecond);
  EXPECT_EQ(ledger.totals().interrupted, 2u);
}

TEST(Ledger, WhatIsSilentForLongIsLostWhenItsTunnelIsCut) {
  for (const Time after : {Time{0}, kOnTheWay, 2 * kOnTheWay, 100 * kOnTheWay}) {
    Ledger ledger(1);
    (void)send(ledger, 0, 5 * kSecond);
    ledger.interrupt(0, 5 * kSecond + after);
    const bool on_its_way = after < 2 * kOnTheWay;
    EXPECT_EQ(ledger.totals().interrupted, on_its_way ? 1u : 0u) << after;
    EXPECT_EQ(ledger.totals().missing(), on_its_way ? 0u : 1u) << after;
  }
}

TEST(Ledger, AnAnswerThatWasSlowIsNotInterruptedAsWell) {
  Ledger ledger(1);
  const EchoMark slow = send(ledger, 0, 0);
  for (Time second = 1; second < 5; ++second)
    (void)ledger.answered(send(ledger, 0, second * kSecond));
  EXPECT_EQ(ledger.answered(slow), Answer::first);
  ledger.interrupt(0, 5 * kSecond);
  EXPECT_EQ(ledger.totals().answered, 5u);
  EXPECT_EQ(ledger.totals().interrupted, 0u);
  EXPECT_EQ(ledger.totals().missing(), 0u);
}

TEST(Ledger, WhatATunnelTakesThatEndsByItselfIsLost) {
  Ledger ledger(1);
  const EchoMark before = send(ledger, 0, 1);
  ledger.give_up(0);
  // The client that comes back is told to, which interrupts what there is: nothing.
  ledger.interrupt(0, 2);
  EXPECT_EQ(ledger.answered(send(ledger, 0, 3)), Answer::first);
  EXPECT_EQ(ledger.totals().interrupted, 0u);
  EXPECT_EQ(ledger.totals().missing(), 1u);
  EXPECT_EQ(ledger.answered(before), Answer::late);
  EXPECT_EQ(ledger.totals().missing(), 1u);
}

TEST(Ledger, ALateCopyThatPassesForNewTakesNothingFromADisturbance) {
  Ledger ledger(1);
  (void)send(ledger, 0, 0);  // is lost
  std::vector<EchoMark> marks;
  for (int i = 0; i < 100; ++i) {
    marks.push_back(send(ledger, 0, 10 * kSecond));
    EXPECT_EQ(ledger.answered(marks.back()), Answer::first);
  }
  (void)ledger.answered(marks.front());
  ledger.interrupt(0, 10 * kSecond);
  EXPECT_EQ(ledger.totals().interrupted, 0u);
}

TEST(Ledger, CountsWhoGotAnAnswerOnce) {
  Ledger ledger(3);
  for (const uint32_t member : {0u, 2u, 2u}) {
    EXPECT_EQ(ledger.answered(send(ledger, member, 1)), Answer::first);
    ledger.interrupt(member, 2);
  }
  (void)send(ledger, 1, 3);
  EXPECT_EQ(ledger.totals().heard, 2u);
}

TEST(Ledger, AMarkOfNobodyIsLate) {
  Ledger ledger(1);
  EXPECT_EQ(ledger.answered({.member = 5}), Answer::late);
}

}  // namespace
}  // namespace culvert::load

"""The forty policy questions: what their patterns take and refuse, and the judge over made-up answers."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.policy_questions import __main__ as command
from benchmarks.policy_questions.asking import ask_all, demo_config, load_questions, opened
from benchmarks.policy_questions.summary import by_group, is_across, languages, line, verdict
from clawdbot.demo import environment
from clawdbot.errors import UsageError
from clawdbot.knowledge.evaluation.answering import GivenAnswer, Judged, judge, totals
from clawdbot.knowledge.evaluation.citations import Citation
from clawdbot.knowledge.evaluation.question import EvalQuestion
from clawdbot.knowledge.evaluation.wording import Wording
from clawdbot.models.fake import ScriptedChatModel
from clawdbot.models.interface import Rung
from clawdbot.models.ladder import Ladder
from tests.office import step

DOCUMENTS = Path(environment.__file__).parent / "documents"
QUESTIONS = {question.id: question for question in load_questions()}

RIGHT: dict[str, list[str]] = {
    "zh-refund-42000": [
        "由财务总监审批。",
        "The finance director approves it.",
        "超过部门经理的3,000元权限，须由财务总监批准",
        "财务总监（50,000 元以内）。",
    ],
    "zh-taxi-no-invoice": ["可以，100元以下的市内交通凭行程单就能报。", "Yes, with the trip record."],
    "zh-opened-toner": ["不退，除非是质量问题。", "耗材拆封后不退，质量问题除外。", "It cannot be returned."],
    "zh-wrong-model": ["收取货款 5% 的整理费，运费由客户承担。", "A 5 % fee; the customer pays the freight."],
    "zh-big-attachment": ["附件不超过20 MB，请通过内部文件共享发链接。", "Send a link through the file share."],
    "zh-closing-day": ["第 4 个工作日。", "第4日", "工作日: 第 4 日; 事项: 各地区销售报告", "The fourth working day."],
    "zh-first-order": ["首单超过30,000元须预付30%。", "要，先收三成。"],
    "zh-grade-d-raise": ["D 级客户不能临时提额。", "不行。", "No, grade D customers get none."],
    "zh-across-discount-12": [
        "需要区域经理批准。",
        "more than 10 %, up to 15 %; Who decides: the regional manager",
        "超过销售主管的10%，要找大区经理签字。",
    ],
    "zh-across-hotel-chengdu": [
        "每晚最多 380 元。",
        "成都属于其他城市，上限380元（北上广深550元）。",
        "Hotel, per night: Beijing, Shanghai, Guangzhou, Shenzhen: CNY 550; other cities: CNY 380",
    ],
    "zh-across-fly-or-train": ["不行，火车超过5小时才可以。", "No: only when the train takes more than five hours."],
    "zh-across-lost-phone": ["两小时内。", "within two hours", "2 小时之内上报"],
    "zh-across-bonus-107": [
        "按销售额的1.0%。",
        "1 % of revenue",
        "100 % to below 115 %; Bonus: 1.0 % of revenue",
        "百分之一",
    ],
    "zh-across-offer-valid": ["30天。", "三十天", "Offers are valid for 30 days."],
    "zh-contra-terms-a": [
        "开票后60天内[1]。另一份文档（2024版）为45天[2]。",
        "六十天；旧政策四十五天。",
        "由45天延长到60天。",
    ],
    "zh-contra-overdue-to-d": [
        "逾期超过90天降为D级；旧政策是120天。",
        "After 90 days; the 2024 policy said 120.",
        "90天以上，旧版为一百二十天",
    ],
    "en-discontinued": ["By up to 20 %.", "最多降百分之二十"],
    "en-thin-margin": ["Only if the sales director grants an exception in writing.", "须销售总监书面批准例外。"],
    "en-cancelled-order": [
        "Yes, it stays in September's figure.",
        "Orders that are cancelled or returned later stay in the figure.",
        "It still counts in September; they do not count in October.",
        "退货和取消不冲减下单当期的销售额。",
    ],
    "en-supplier-bank": [
        "Do not answer; call the person on a number that you already have.",
        "不要回复，用已有的号码打电话核实。",
    ],
    "en-contacts-cloud": ["Only after approval by IT.", "Not unless IT has approved it.", "须经信息技术部批准。"],
    "en-own-car": ["CNY 1.2 per kilometre.", "1.20 yuan, tolls and parking extra", "每公里1.2元"],
    "en-grade-d-discount": [
        "No, grade D customers get no discount above 5 %.",
        "Not possible: at most 5 %.",
        "不行，D级客户最多5%。",
    ],
    "en-trade-fair-abroad": ["The general manager, at least five working days ahead.", "总经理，至少提前五个工作日"],
    "en-across-write-off": [
        "The finance director may.",
        "财务总监（10,000元以内）",
        "Bad debt up to 10,000: by the CFO.",
    ],
    "en-across-phone-money": [
        "CNY 150 a month.",
        "销售人员每月 150 元，其他人员每月 50 元。",
        "50 for others, but sales get 150.",
    ],
    "en-across-broken-printer": ["Yes: within 90 days for quality problems.", "可以，质量问题的退货期为 90 天。"],
    "en-across-mail-outside": [
        "Your department manager's approval.",
        "须经部门经理批准",
        "The head of your department.",
    ],
    "en-across-dinner": ["Above 200 a head the department manager must approve first.", "须事先经部门经理批准"],
    "en-across-review-months": ["In January and July.", "每年一月和七月复评", "1月、7月"],
    "en-across-contra-limit-b": [
        "200,000 CNY[1]. Note that another document says: 150,000[2].",
        "20万元；旧政策15万元。",
        "It was raised from 150,000 to 200,000.",
    ],
    "en-across-contra-raise": [
        "By up to 20 % for at most 60 days; the older policy says 10 % for 30 days.",
        "20%，60天；旧：10%，30天",
    ],
}
WRONG: dict[str, list[str]] = {
    "zh-refund-42000": [
        "由总经理审批。",
        "部门经理。",
        "事项: 客户退款; 部门经理: 3,000 元以内; 财务总监: 50,000 元以内; 总经理: 50,000 元以上",
    ],
    "zh-taxi-no-invoice": ["不能报销，每笔费用须附发票。"],
    "zh-opened-toner": ["可以，自收货之日起15天内可以退货。"],
    "zh-wrong-model": ["收取15%的整理费，运费由客户承担。", "收取5%的整理费，运费由公司承担。"],
    "zh-big-attachment": ["附件总大小不超过20 MB。"],
    "zh-closing-day": ["第 6 日。", "第14个工作日", "24个工作日"],
    "zh-first-order": ["首单金额不超过30,000元。", "须预付 20%。"],
    "zh-grade-d-raise": ["可以，临时提额不得超过原额度的20%。", "D级客户提额不得超过20%。", "可以，由财务总监批准。"],
    "zh-across-discount-12": ["销售总监决定。", "找销售主管签字。", "the sales director, above the regional manager"],
    "zh-across-hotel-chengdu": ["每晚 550 元。", "每晚 1,380 元。"],
    "zh-across-fly-or-train": ["可以，坐经济舱。", "可以，超过5小时就行。"],
    "zh-across-lost-phone": ["24小时内。", "within 12 hours", "十二小时"],
    "zh-across-bonus-107": ["1.4%。", "0.5 % of revenue", "目标完成了107%", "没有奖金", "百分之一点四"],
    "zh-across-offer-valid": ["14天。", "130天"],
    "zh-contra-terms-a": ["45天[1]。另一份文档说60天[2]。", "60天。", "45 days"],
    "zh-contra-overdue-to-d": ["120天；新版为90天。", "超过90天。", "逾期 31 至 90 天降一级；旧政策 120 天。"],
    "en-discontinued": ["By up to 5 %.", "120 %"],
    "en-thin-margin": ["No, 8 % is the minimum.", "The sales team lead may allow it."],
    "en-cancelled-order": [
        "No, it is removed.",
        "Cancelled orders are not counted.",
        "It does not count in September.",
    ],
    "en-supplier-bank": ["Report it to IT.", "Do not answer."],
    "en-contacts-cloud": ["Yes, anywhere.", "Your manager approves it.", "Ask your head to permit it."],
    "en-own-car": ["CNY 12 per kilometre.", "1.25", "1.2 %"],
    "en-grade-d-discount": [
        "Yes, the sales team lead decides: more than 5 %, up to 10 %.",
        "Up to 15 %.",
        "Yes, at most 5 % more.",
    ],
    "en-trade-fair-abroad": ["The head of the department, five working days ahead.", "The general manager."],
    "en-across-write-off": [
        "The general manager.",
        "事项: 坏账核销; 部门经理: 不可; 财务总监: 10,000 元以内; 总经理: 10,000 元以上",
    ],
    "en-across-phone-money": ["CNY 50 a month.", "1,150"],
    "en-across-broken-printer": ["No, returns are possible within 15 days.", "Yes, within 190 days."],
    "en-across-mail-outside": ["Nobody's.", "The general manager's."],
    "en-across-dinner": ["Name the customer on the claim.", "财务总监批准"],
    "en-across-review-months": ["In January.", "11月和7月", "every December"],
    "en-across-contra-limit-b": ["150,000; a newer one says 200,000.", "200,000", "1,200,000, before 150,000"],
    "en-across-contra-raise": [
        "By up to 10 % for 30 days; the newer policy says 20 % for 60 days.",
        "By 20 % for 60 days.",
        "20 % for 30 days, before 10 %",
    ],
}


def test_the_set_is_what_was_promised() -> None:
    assert len(QUESTIONS) == 40 and Counter(q.language for q in QUESTIONS.values()) == {"zh": 20, "en": 20}
    kinds = Counter(q.kind for q in QUESTIONS.values())
    assert kinds["unanswerable"] == 8 and kinds["contradicting"] == 4
    known = languages(DOCUMENTS)
    assert len(known) == 14 and all(set(q.expected) <= known.keys() for q in QUESTIONS.values())
    across = {q.id for q in QUESTIONS.values() if is_across(q, known)}
    assert across == {id for id in QUESTIONS if "across" in id} and len(across) == 14
    assert RIGHT.keys() == WRONG.keys() == {q.id for q in QUESTIONS.values() if not q.unanswerable}


def says(question: EvalQuestion, text: str) -> bool:
    wording = Wording(text)
    required = all(map(wording.says, question.answers)) and all(map(wording.matches, question.patterns))
    return required and not any(map(wording.matches, question.absent))


@pytest.mark.parametrize("id", RIGHT)
def test_every_right_wording_is_taken_and_every_wrong_one_refused(id: str) -> None:
    question = QUESTIONS[id]
    assert [text for text in RIGHT[id] if not says(question, text)] == []
    assert [text for text in WRONG[id] if says(question, text)] == []
    assert not says(question, question.text), "to repeat the question is no answer"


def text_of(citation: Citation) -> str:
    return (DOCUMENTS / citation["document"]).read_text("utf-8")


def cite(document: str, quote: str, n: int = 1) -> Citation:
    start = text_of({"document": document}).index(quote)
    return {"n": n, "document": document, "source": "policies", "version": 1, "start": start,
            "end": start + len(quote), "quote": quote, "title": "", "locator": "", "dated": ""}  # fmt: skip


HOTEL = cite("travel-policy.md", "| Hotel, per night | CNY 550 | CNY 380 |")


def judged(id: str, text: str, *citations: Citation, verdict: str = "verified") -> Judged:
    return judge(QUESTIONS[id], GivenAnswer(text=text, verdict=verdict, citations=citations, ms=9000.0), text_of)


def test_made_up_answers_are_judged() -> None:
    right = judged("zh-across-hotel-chengdu", "成都每晚最多380元[1]。", HOTEL)
    assert right.right and right.sound
    number = judged("zh-across-hotel-chengdu", "成都每晚最多480元[1]。", HOTEL)
    assert [p.kind for p in number.problems] == ["not_said", "unsupported"]
    elsewhere = cite("expense-policy.md", "人均超过 200 元须事先经部门经理批准")
    citation = judged("zh-across-hotel-chengdu", "成都每晚最多380元[1]。", elsewhere)
    assert [p.kind for p in citation.problems] == ["not_cited", "unsupported"] and not citation.right
    refused = judged("zh-across-hotel-chengdu", "文档中没有找到答案。", verdict="partial")
    assert [p.kind for p in refused.problems] == ["refused"]
    invented = judged("zh-none-warranty", "保修90天[1]。", cite("returns-policy.md", "质量问题的退货期为 90 天"))
    assert [p.kind for p in invented.problems] == ["answered"] and not invented.right
    honest = judged("zh-none-warranty", "文档中没有找到答案（已搜索 14 份文档）。", verdict="partial")
    assert honest.right and honest.sound
    rows = [right, number, citation, refused, invented, honest]
    table = by_group(rows, languages(DOCUMENTS))
    assert "| all " in table and "| 2 of 6 |" in table and "| across languages | 1 of 4 |" in table
    assert "refused rightly 1 of 2" in verdict(totals(rows))
    assert line(right).endswith("right, 9 s") and "WRONG" in line(number) and "480" in line(number)


def test_real_runs_are_asked_and_judged(tmp_path: Path) -> None:
    def choose(messages: object, schema: object) -> dict[str, object]:
        return step("quote", answered=False, lines=[])

    model = ScriptedChatModel(script=[choose])
    rung = Rung(name="s", provider="fake", model="s", chat=model, context=16_384, price=None, cloud=False)
    with opened(demo_config(tmp_path / "demo"), Ladder.single(rung)) as app:
        (row,) = ask_all(app, load_questions(["zh-none-warranty"]))
    assert row.right and row.given.run and row.given.refused
    assert (tmp_path / "demo" / "app" / "runs").is_dir(), "what runs leave behind stays in the benchmark's home"


def test_the_command_says_what_it_cannot_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="no question 'nothing'"):
        load_questions(["nothing"])
    assert command.main(["--only", "nothing"]) == 2
    assert "Questions: zh-refund-42000" in capsys.readouterr().err
    arguments = ["--only", "zh-none-warranty", "--home", str(tmp_path), "--model", "nothing"]
    assert command.main([*arguments, "--json", str(tmp_path / "out.json")]) == 2
    assert not (tmp_path / "out.json").exists() and "nothing" in capsys.readouterr().err
    command._write(tmp_path / "out.json", {"cpu": "?"}, [judged("zh-none-warranty", "没有。", verdict="partial")])
    assert json.loads((tmp_path / "out.json").read_text("utf-8"))["right"] == 1

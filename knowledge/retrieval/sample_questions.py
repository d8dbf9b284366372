"""Questions of every kind, each in English and in Chinese: what an embedding model is measured with.

None is taken from a data set.
"""

SAMPLES_VERSION = 1

SAMPLES: tuple[tuple[str, str], ...] = (
    ("What is the deadline for handing in travel expenses?", "差旅费用最晚什么时候提交？"),
    ("Who approves a purchase above the limit?", "超过限额的采购由谁批准？"),
    ("How many days of annual leave do new employees get?", "新员工每年有多少天年假？"),
    ("Where is the spare key of the warehouse kept?", "仓库的备用钥匙放在哪里？"),
    ("Why was the delivery to the customer late?", "给客户的货为什么晚到了？"),
    ("Which documents are needed to open an account?", "开户需要哪些文件？"),
    ("When was the old bridge rebuilt?", "那座旧桥是什么时候重建的？"),
    ("What did the committee decide about the new building?", "委员会对新大楼作出了什么决定？"),
    ("How is the water cleaned before it reaches the city?", "水在进入城市之前是怎样净化的？"),
    ("Who wrote the music for the film?", "这部电影的音乐是谁写的？"),
    ("What are the side effects of this medicine?", "这种药有哪些副作用？"),
    ("How far is the nearest station from the school?", "最近的车站离学校有多远？"),
    ("Which team won the match last season?", "上个赛季哪支球队赢得了比赛？"),
    ("What kind of plants grow in dry regions?", "干旱地区生长着哪些植物？"),
    ("How does the engine turn heat into motion?", "发动机怎样把热变成运动？"),
    ("What was the population of the town at that time?", "当时这个镇的人口是多少？"),
    ("Which law protects workers from unfair dismissal?", "哪部法律保护工人不被不公平解雇？"),
    ("How long does the warranty of the machine last?", "机器的保修期有多长？"),
    ("What name did the king give to the island?", "国王给这座岛起了什么名字？"),
    ("Who is responsible for reporting a safety incident?", "谁负责上报安全事故？"),
    ("What percentage of sales came from abroad?", "海外销售占多大比例？"),
    ("How do I reset the password of my mailbox?", "怎样重置我的邮箱密码？"),
    ("What language do the people of the valley speak?", "山谷里的人说什么语言？"),
    ("Which parts of the report are confidential?", "报告的哪些部分是保密的？"),
)
